// Writes numbered keys one after another until standard input ends, then prints one JSON line: what was acknowledged,
// what failed, and the longest time between two acknowledgements. Each client library brings only its own `set`.

const PAUSE_MS = 2
const RETRY_PAUSE_MS = 10

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export async function writeUntilStdinEnds(prefix, set) {
  let stopped = false
  process.stdin.on('end', () => { stopped = true }).resume()

  const acknowledged = []
  const errors = {}
  let longestGapMs = 0
  let lastAt = null
  for (let number = 0; !stopped; number++) {
    try {
      await set(`${prefix}:${number}`, String(number))
      const now = performance.now()
      if (lastAt === null) console.log('writing')
      else longestGapMs = Math.max(longestGapMs, now - lastAt)
      lastAt = now
      acknowledged.push(number)
      await sleep(PAUSE_MS)
    } catch (error) {
      const kind = String(error.message ?? error).split(' ')[0]
      errors[kind] = (errors[kind] ?? 0) + 1
      await sleep(RETRY_PAUSE_MS)
    }
  }
  console.log(JSON.stringify({ acknowledged, errors, longestGapMs: Math.round(longestGapMs) }))
}

// node <client>.mjs <group> <key prefix> <sentinel port>...
export function readArguments() {
  const [group, prefix, ...ports] = process.argv.slice(2)
  return { group, prefix, sentinels: ports.map((port) => ({ host: '127.0.0.1', port: Number(port) })) }
}
