import t from 'tap'
import { upstreamCommand } from 'fastify-llama-swap/testing'
import { DEFAULT_INHERITED, inheritedEnvironment, withPairs } from '../lib/launcher/local/environment.ts'
import { startApp } from './helper/app.ts'

t.test('only what is allowed is inherited', async (t) => {
  const environment = { A: '1', B: '2', AB: '3', a: '4', EMPTY: '' }
  t.strictSame(inheritedEnvironment(environment, ['A', 'EMPTY', 'NONE'], 'linux'), { A: '1', EMPTY: '' })
  t.strictSame(inheritedEnvironment(environment, [], 'linux'), {})
})

t.test('* at the end stands for any rest, also for none', async (t) => {
  const environment = { LC_ALL: '1', LC_: '2', LC: '3', XLC_ALL: '4', lc_all: '5', 'A*B': '6' }
  t.strictSame(inheritedEnvironment(environment, ['LC_*'], 'linux'), { LC_ALL: '1', LC_: '2' })
  t.strictSame(inheritedEnvironment(environment, ['A*B'], 'linux'), { 'A*B': '6' }, 'elsewhere it is a character')
  t.strictSame(inheritedEnvironment(environment, ['*'], 'linux'), environment)
})

t.test('true is everything, in a copy', async (t) => {
  const environment = { A: '1', SECRET: '2' }
  const inherited = inheritedEnvironment(environment, true)
  t.strictSame(inherited, environment)
  inherited['A'] = 'changed'
  t.equal(environment.A, '1')
})

t.test('on Windows names are compared without case, and keep their spelling', async (t) => {
  const environment = { Path: '1', systemroot: '2', Lc_All: '3', Secret: '4' }
  t.strictSame(inheritedEnvironment(environment, ['PATH', 'SystemRoot', 'LC_*'], 'win32'), { Path: '1', systemroot: '2', Lc_All: '3' })
  t.strictSame(inheritedEnvironment(environment, ['PATH', 'SystemRoot', 'LC_*'], 'linux'), {})
})

t.test('pairs are added, the last of a name wins, values may hold anything', async (t) => {
  const environment = { A: '0', KEPT: '1' }
  t.strictSame(withPairs(environment, ['A=1', 'B=2', 'A=3', 'URL=http://x/?a=b=c', 'EMPTY=', 'SPACE= a b ']), {
    A: '3', KEPT: '1', B: '2', URL: 'http://x/?a=b=c', EMPTY: '', SPACE: ' a b '
  })
  t.strictSame(environment, { A: '0', KEPT: '1' }, 'the given one is left alone')
})

t.test('on Windows a pair replaces the variable of its name, in whatever case', async (t) => {
  t.strictSame(withPairs({ Path: 'a', KEPT: '1' }, ['PATH=b', 'path=c'], 'win32'), { path: 'c', KEPT: '1' })
  t.strictSame(withPairs({ Path: 'a' }, ['PATH=b'], 'linux'), { Path: 'a', PATH: 'b' })
})

t.test('by default a server gets what it needs and no secret', async (t) => {
  const given = {
    PATH: '/bin', HOME: '/home/a', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', TMPDIR: '/tmp', XDG_CACHE_HOME: '/c', CUDA_VISIBLE_DEVICES: '0', HF_HOME: '/hf', LLAMA_ARG_THREADS: '4', OMP_NUM_THREADS: '2', LD_LIBRARY_PATH: '/lib'
  }
  const secrets = { DATABASE_URL: 'x', AWS_SECRET_ACCESS_KEY: 'x', NODE_OPTIONS: 'x', GITHUB_TOKEN: 'x', PGPASSWORD: 'x', npm_config_token: 'x', PATHX: 'x', LD_PRELOAD: 'x' }
  t.strictSame(inheritedEnvironment({ ...given, ...secrets }, DEFAULT_INHERITED, 'linux'), given)
})

// -- Real children ---------------------------------------------------------------------------------------------------

async function childEnvironment (t: Parameters<typeof startApp>[0], env: string[], options: Parameters<typeof startApp>[2] = {}): Promise<Record<string, string>> {
  const { url } = await startApp(t, { models: { a: { cmd: upstreamCommand(), env } } }, { routes: { upstream: true }, ...options })
  const response = await fetch(`${url}/upstream/a/env`)
  return await response.json() as Record<string, string>
}

const canary = 'FST_LS_TEST_CANARY'

t.test('a secret of the host is not in a real child\'s environment', async (t) => {
  process.env[canary] = 'secret'
  t.teardown(() => { delete process.env[canary] })
  const environment = await childEnvironment(t, ['A=1', 'A=2', 'HOME=/elsewhere', 'B=x=y'])
  t.notOk(canary in environment)
  t.notOk(Object.values(environment).includes('secret'))
  t.match(environment, { PATH: process.env['PATH'], A: '2', HOME: '/elsewhere', B: 'x=y' })
})

t.test('inheritEnv decides what a real child gets', async (t) => {
  process.env[canary] = 'wanted'
  t.teardown(() => { delete process.env[canary] })
  const listed = await childEnvironment(t, [], { inheritEnv: ['FST_LS_TEST_*'] })
  t.equal(listed[canary], 'wanted')
  t.notOk('HOME' in listed)
  const all = await childEnvironment(t, [], { inheritEnv: true })
  t.match(all, { [canary]: 'wanted', PATH: process.env['PATH'] })
})
