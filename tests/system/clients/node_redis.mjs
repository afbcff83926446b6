// node-redis in Sentinel mode.
import { createSentinel } from 'redis'
import { readArguments, writeUntilStdinEnds } from './writer.mjs'

const { group, prefix, sentinels } = readArguments()
const client = createSentinel({ name: group, sentinelRootNodes: sentinels })
client.on('error', () => {}) // every failed write is counted by the writer
await client.connect()

await writeUntilStdinEnds(prefix, (key, value) => client.set(key, value))
process.exit(0)
