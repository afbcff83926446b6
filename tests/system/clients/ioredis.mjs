// ioredis in Sentinel mode.
import { Redis } from 'ioredis'
import { readArguments, writeUntilStdinEnds } from './writer.mjs'

const { group, prefix, sentinels } = readArguments()
const client = new Redis({
  sentinels,
  name: group,
  sentinelRetryStrategy: () => 50,
  retryStrategy: () => 50,
})
client.on('error', () => {}) // every failed write is counted by the writer

await writeUntilStdinEnds(prefix, (key, value) => client.set(key, value))
client.disconnect()
process.exit(0)
