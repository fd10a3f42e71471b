// The clients that Lotus' users write with, talking to our node: run by `tests/clients.rs` in a folder where they are installed.
//
// FILIGREE_TEST_URL and FILIGREE_TEST_TOKEN say where. What was seen goes to standard output as one line of JSON.

import assert from 'node:assert/strict'
import { LotusRPC } from '@filecoin-shipyard/lotus-client-rpc'
import { NodejsProvider } from '@filecoin-shipyard/lotus-client-provider-nodejs'
import { mainnet } from '@filecoin-shipyard/lotus-client-schema'
import { RPC } from 'iso-filecoin/rpc'
import { Message } from 'iso-filecoin/message'
import * as Wallet from 'iso-filecoin/wallet'

const url = process.env.FILIGREE_TEST_URL
const token = process.env.FILIGREE_TEST_TOKEN

// It never goes on for ever.
setTimeout(() => { throw new Error('the node took too long') }, 600_000).unref()

// Of itself one of the clients gives up after five seconds: too few on a busy machine.
const patient = { timeout: false }

const VALUE = '1000000000000000000'

// A client of the package made of Lotus' schema; the address says over what.
function lotus (address) {
  return new LotusRPC(new NodejsProvider(address, { token }), { schema: mainnet.fullNode })
}

// Reads the version and the head, sends a message, and reads it back.
async function sends (client) {
  const version = await client.version()
  // Mock proofs are said.
  assert.match(version.Version, /\+devnet .*mock/)
  const head = await client.chainHead()
  assert.equal(head.Cids.length, head.Blocks.length)
  const from = await client.walletDefaultAddress()
  const to = await client.walletNew('secp256k1')
  const signed = await client.mpoolPushMessage(
    { Version: 0, To: to, From: from, Nonce: 0, Value: VALUE, GasLimit: 0, GasFeeCap: '0', GasPremium: '0', Method: 0, Params: null },
    { MaxFee: '0' }
  )
  const found = await client.stateWaitMsg(signed.CID, 0, 100, true)
  assert.equal(found.Receipt.ExitCode, 0)
  assert.deepEqual(found.Message, signed.CID)
  assert.ok(found.Height > head.Height)
  const read = await client.chainGetMessage(signed.CID)
  assert.deepEqual([read.From, read.To, read.Value], [from, to, VALUE])
  assert.equal(await client.walletBalance(to), VALUE)
  const searched = await client.stateSearchMsg([], signed.CID, 100, true)
  assert.deepEqual(searched.TipSet, found.TipSet)
  return signed.CID['/']
}

// The head as it moves, which only WebSocket tells.
async function hears (client) {
  const kinds = []
  let enough
  const moved = new Promise((resolve) => { enough = resolve })
  const [cancel, begun] = client.chainNotify((changes) => {
    kinds.push(...changes.map((change) => change.Type))
    if (kinds.includes('apply')) enough()
  })
  await begun
  await moved
  await cancel()
  assert.equal(kinds[0], 'current')
  return kinds
}

// A key that the node does not have: the message is encoded and signed by the client.
async function signs (funder) {
  const rpc = new RPC({ api: url, token, network: 'testnet' }, patient)
  const answer = ({ result, error }) => {
    if (error) throw error
    return result
  }
  const account = Wallet.create('SECP256K1', 'testnet')
  const from = account.address.toString()
  const to = await funder.walletDefaultAddress()
  const money = await funder.mpoolPushMessage({ From: to, To: from, Value: '5' + VALUE.slice(1) }, null)
  await funder.stateWaitMsg(money.CID, 0, 100, true)
  const message = await new Message({ from, to, value: VALUE }).prepare(rpc)
  const signature = Wallet.signMessage(account.privateKey, 'SECP256K1', message)
  const cid = answer(await rpc.pushMessage({ msg: message, signature }))
  const found = answer(await rpc.waitMsg({ cid, confidence: 0 }, patient))
  assert.equal(found.Receipt.ExitCode, 0)
  const read = answer(await rpc.call({ method: 'Filecoin.ChainGetMessage', params: [cid] }))
  assert.deepEqual([read.From, read.To, read.Value], [from, to, VALUE])
  return cid['/']
}

const http = lotus(url)
const ws = lotus(url.replace(/^http/, 'ws'))
const seen = { http: await sends(http), ws: await sends(ws), heard: await hears(ws), signed: await signs(http) }
await ws.destroy()
console.log(JSON.stringify(seen))
