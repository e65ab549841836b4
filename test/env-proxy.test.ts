import t from 'tap'
import { proxyFor } from '../lib/model/env-proxy.ts'

const PROXY = 'http://proxy.example:3128'

t.test('which variable counts', async (t) => {
  const table: Array<[origin: string, env: Record<string, string>, proxy: string | undefined]> = [
    ['http://a.example', {}, undefined],
    ['https://a.example', {}, undefined],
    ['http://a.example', { HTTP_PROXY: PROXY }, PROXY],
    ['http://a.example', { http_proxy: PROXY }, PROXY],
    ['http://a.example', { HTTPS_PROXY: PROXY }, undefined],
    ['https://a.example', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://a.example', { https_proxy: PROXY }, PROXY],
    ['https://a.example', { HTTP_PROXY: PROXY }, undefined],
    ['http://a.example', { HTTP_PROXY: PROXY, http_proxy: 'http://lower' }, PROXY],
    ['http://a.example', { HTTP_PROXY: '', http_proxy: PROXY }, PROXY],
    ['http://a.example', { HTTP_PROXY: '' }, undefined],
    ['http://a.example', { ALL_PROXY: PROXY }, undefined],
    ['http://a.example', { HTTP_PROXY: 'proxy.example:3128' }, PROXY],
    ['http://a.example', { HTTP_PROXY: 'u:p@proxy.example:3128' }, 'http://u:p@proxy.example:3128'],
    ['http://a.example', { HTTP_PROXY: 'https://proxy.example' }, 'https://proxy.example']
  ]
  for (const [origin, env, proxy] of table) t.equal(proxyFor(origin, env), proxy, `${origin} ${JSON.stringify(env)}`)
})

t.test('this machine is never reached by way of one', async (t) => {
  for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:8080', '127.1.2.3', '[::1]', '[::1]:80', '[::ffff:127.0.0.1]']) {
    t.equal(proxyFor(`http://${host}`, { HTTP_PROXY: PROXY }), undefined, host)
  }
  for (const host of ['localhost.example', '128.0.0.1', '[::2]', 'my.localhost']) t.equal(proxyFor(`http://${host}`, { HTTP_PROXY: PROXY }), PROXY, host)
})

t.test('NO_PROXY', async (t) => {
  const table: Array<[noProxy: string, direct: string[], proxied: string[]]> = [
    ['*', ['a.example', '10.0.0.1', '[fd00::1]'], []],
    ['a.example', ['a.example', 'A.EXAMPLE', 'b.a.example', 'c.b.a.example:8080'], ['xa.example', 'example', 'a.example.com']],
    ['A.Example', ['a.example'], []],
    ['.a.example', ['b.a.example'], ['a.example', 'xa.example']],
    ['*.a.example', ['b.a.example'], ['a.example']],
    ['a.example:8080', ['a.example:8080', 'b.a.example:8080'], ['a.example', 'a.example:80']],
    ['a.example:80', ['a.example'], ['a.example:8080']],
    ['10.0.0.1', ['10.0.0.1', '10.0.0.1:99'], ['10.0.0.10', '10.0.0.2', 'x.10.0.0.1.example']],
    ['10.0.0.1:80', ['10.0.0.1'], ['10.0.0.1:81']],
    ['10.0.0.0/8', ['10.0.0.1', '10.255.255.255:99'], ['11.0.0.1', 'a.example']],
    ['10.0.0.0/33,x/8,10.0.0.0/', [], ['10.0.0.1']],
    ['fd00::/8', ['[fd00::1]', '[fdff::1]:99'], ['[fe00::1]', '10.0.0.1']],
    ['fd00::1', ['[fd00::1]'], ['[fd00::2]']],
    ['[fd00::1]:80', ['[fd00::1]'], ['[fd00::1]:81']],
    [' b.example , a.example ', ['a.example', 'b.example'], ['c.example']],
    ['b.example a.example', ['a.example', 'b.example'], []],
    [',,', [], ['a.example']],
    ['', [], ['a.example']]
  ]
  for (const [noProxy, direct, proxied] of table) {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const of = (host: string): string | undefined => proxyFor(`http://${host}`, { HTTP_PROXY: PROXY, [name]: noProxy })
      for (const host of direct) t.equal(of(host), undefined, `${host} is in ${noProxy}`)
      for (const host of proxied) t.equal(of(host), PROXY, `${host} is not in ${noProxy}`)
    }
  }
  t.equal(proxyFor('https://a.example', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.example:443' }), undefined)
  t.equal(proxyFor('https://a.example', { HTTPS_PROXY: PROXY, NO_PROXY: 'a.example:80' }), PROXY)
})
