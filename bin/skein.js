#!/usr/bin/env node
/**
 * Starts the command line under a Node that can run it. Whoever types `skein` may have an older Node: the package "node",
 * a dependency, brings the right one. Hence the old-fashioned syntax here: every Node since 12.20 must get as far as the
 * search. ARCHITECTURE.md and docs/decisions/0001-runtime.md say why there is a launcher at all.
 */
import childProcess from 'child_process'
import fs from 'fs'
import module from 'module'
import os from 'os'
import path from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const NODE_MAJOR_MIN = 24
/**
 * A node that stays up works with short-lived native handles, which only the garbage collector frees: a small young
 * generation halves its memory and takes the long pauses away, and compact code takes another 10 MB. V8 accepts both only when
 * it starts.
 */
const LEAN = ['--max-semi-space-size=1', '--optimize-for-size']
/** Set by a launcher for the process it starts: its own process id. */
const LAUNCHER = 'SKEIN_LAUNCHER'
/** How long a node may take to stop once its launcher is gone. */
const STOP_MS_MAX = 5000
/** The same signal twice within this time came by two ways (process group and launcher), not from a second wish. */
const SIGNAL_ECHO_MS = 500
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

const self = fileURLToPath(import.meta.url)
const root = path.dirname(path.dirname(self))
const wishes = process.argv.slice(2)
const isResident = wishes.includes('up')

if (major(process.versions.node) >= NODE_MAJOR_MIN) {
  if (isResident && !process.execArgv.includes(LEAN[0]) && canReplaceItself()) replaceBy(process.execPath, process.execArgv)
  else run()
} else {
  const runtime = findRuntime()
  if (runtime === undefined) reportMissing()
  else if (canReplaceItself()) replaceBy(runtime, [])
  else supervise(runtime)
}

function major (version) {
  return Number(version.split('.')[0])
}

/** From the TypeScript in the repository; from the emitted JavaScript in a package, where Node strips no types. */
function entry () {
  const source = path.join(root, 'cli', 'main.ts')
  const isPackaged = root.split(path.sep).includes('node_modules')
  return !isPackaged && fs.existsSync(source) ? source : path.join(root, 'dist', 'cli', 'main.js')
}

async function run () {
  if (process.env[LAUNCHER] === String(process.ppid)) followLauncher()
  delete process.env[LAUNCHER]
  // A start is faster with it; a node that stays up keeps what it loaded from it (5 MB). TypeScript is not stripped twice.
  if (!isResident || entry().endsWith('.ts')) module.enableCompileCache(cacheFolder())
  const program = await import(pathToFileURL(entry()).href)
  process.exitCode = await program.main(wishes)
}

/** Our own folder: the default one lies in the shared temporary folder, where others could put code into it. */
function cacheFolder () {
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'skein')
}

/** The same process goes on as another program: no second one waits beside it. Node 22.15 and later, not on Windows. */
function canReplaceItself () {
  return typeof process.execve === 'function' && process.platform !== 'win32'
}

function replaceBy (runtime, flags) {
  process.execve(runtime, [runtime].concat(flags, isResident ? LEAN : [], self, wishes), environment())
}

/**
 * glibc gives each thread a heap of its own by default, and what the native library frees in one stays there: one heap is
 * enough for a process that has one busy thread, and costs 5 MB less.
 */
function environment () {
  return isResident ? Object.assign({ MALLOC_ARENA_MAX: '1' }, process.env) : process.env
}

/** The executable that the package "node" has installed, wherever npm has put it. */
function findRuntime () {
  try {
    const manifest = module.createRequire(self).resolve('node/package.json')
    if (major(JSON.parse(fs.readFileSync(manifest, 'utf8')).version) < NODE_MAJOR_MIN) return undefined
    const folder = path.dirname(manifest)
    const isWindows = process.platform === 'win32'
    const executable = path.join('bin', isWindows ? 'node.exe' : 'node')
    const build = ['node', isWindows ? 'win' : process.platform, process.arch].join('-')
    return [folder, path.join(folder, 'node_modules', build)]
      .map(place => path.join(place, executable))
      .find(candidate => fs.existsSync(candidate))
  } catch (error) {
    return undefined
  }
}

function reportMissing () {
  process.stderr.write('error: skein needs Node.js ' + NODE_MAJOR_MIN + ' or newer; this is ' + process.versions.node +
    ', and the package "node", which brings it, is missing or its install script did not run. Install Node.js ' +
    NODE_MAJOR_MIN + ', or install skein again with that script allowed (npm install-scripts approve node).\n')
  process.exitCode = 1
}

/** An older Node cannot be replaced in place: stay as a parent that is as good as not there. */
function supervise (runtime) {
  const env = Object.assign({}, process.env, { [LAUNCHER]: String(process.pid) })
  const flags = isResident ? LEAN : []
  const child = childProcess.spawn(runtime, flags.concat(self, wishes), { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    process.stderr.write('error: cannot start ' + runtime + ': ' + error.message + '\n')
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded)
    process.kill(process.pid, signal)
  })
}

/** A node does not outlive its launcher, even one that was killed: the channel between them closes with it. */
function followLauncher () {
  process.on('disconnect', () => {
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref()
    process.kill(process.pid, 'SIGTERM')
  })
  process.channel.unref()
  dropEchoes()
}

/** Ctrl-C in a terminal and a stop by systemd reach both processes; what the launcher passes on is then an echo. */
function dropEchoes () {
  const emit = process.emit
  const seenAtMs = {}
  process.emit = function (name, ...rest) {
    if (FORWARDED.includes(name)) {
      const nowMs = Date.now()
      if (nowMs - seenAtMs[name] < SIGNAL_ECHO_MS) return true
      seenAtMs[name] = nowMs
    }
    return emit.call(this, name, ...rest)
  }
}
