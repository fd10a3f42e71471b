//! Actors that messages of all kinds call: wallets of several signers, payment channels, and a token that a user has deployed.

use anyhow::{Context as _, Result, ensure};
use cid::Cid;
use example_token::TokenClient;
use filigree_actor_multisig as multisig;
use filigree_actor_paych as paych;
use filigree_actor_paych::SignedVoucher;
use filigree_blocks::SignedMessage;
use filigree_build::BuildOptions;
use filigree_builtin::calls::init::{ExecParams, ExecReturn};
use filigree_sdk::prelude::{Bytes, Call};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::crypto::signature::{Signature, SignatureType};
use fvm_shared::econ::TokenAmount;
use fvm_shared::receipt::Receipt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::people::Wish;
use crate::world::World;

/// The init actor, and its methods.
const INIT: Address = Address::new_id(1);
const EXEC: u64 = 2;
const INSTALL_CODE: u64 = 4;
/// Propose of a multisig, UpdateChannelState of a payment channel.
const PROPOSE: u64 = 2;
const REDEEM: u64 = 2;

/// Gas limit of what is done once.
const SETTING_UP_GAS: u64 = 2_000_000_000;
/// Gas limit of calls: more than each uses (3.6 to 6.5 million), and 1,000 of them fit into a block.
const CALL_GAS: u64 = 9_500_000;

/// Wallets and channels. With as many, no sender has more messages in the pool than it takes.
const PLACES: usize = 20;

/// Actors that are called, each by people of its own.
pub struct Places {
    wallets: Vec<Address>,
    channels: Vec<Channel>,
    token: TokenClient,
    /// Calls so far.
    calls: usize,
}

struct Channel {
    address: Address,
    /// The number of its last voucher, and what that pays in all, nanoFIL.
    last: u64,
}

impl Places {
    /// Makes them all. People 0 to 19 have a wallet each, the first 41 a channel with each other; those who call the token have some of it.
    ///
    /// # Errors
    /// When one of them cannot be made.
    pub fn make(world: &mut World) -> Result<Self> {
        ensure!(world.people.count() >= 2 * PLACES, "too few people");
        let mut creations = Vec::new();
        for at in 0..PLACES {
            creations.push(create_wallet(world, at)?);
        }
        for at in 0..PLACES {
            creations.push(create_channel(world, at)?);
        }
        let made: Vec<ExecReturn> = run(world, creations)?;
        let addresses: Vec<Address> = made.iter().map(|made| made.robust_address).collect();
        let (wallets, channels) = addresses.split_at(PLACES);
        let channel = |address: &Address| Channel {
            address: *address,
            last: 0,
        };
        Ok(Self {
            wallets: wallets.to_vec(),
            channels: channels.iter().map(channel).collect(),
            token: token(world)?,
            calls: 0,
        })
    }

    /// So many calls: a proposal that is carried out at once, a voucher that is redeemed, a transfer of tokens, in turns.
    ///
    /// # Errors
    /// When one cannot be signed.
    pub fn calls(&mut self, world: &mut World, count: usize) -> Result<Vec<SignedMessage>> {
        (0..count).map(|_| self.call(world)).collect()
    }

    fn call(&mut self, world: &mut World) -> Result<SignedMessage> {
        let (kind, at) = (self.calls % 3, self.calls / 3 % PLACES);
        self.calls += 1;
        let people = &mut world.people;
        let (from, wish) = match kind {
            0 => {
                let proposal = multisig::ProposeParams {
                    to: people.address(at + PLACES),
                    value: TokenAmount::from_nano(1),
                    method: 0,
                    params: RawBytes::default(),
                };
                (at, wish(self.wallets[at], PROPOSE, &proposal)?)
            }
            1 => {
                let channel = &mut self.channels[at];
                channel.last += 1;
                let voucher = voucher(world, at, channel)?;
                let params = (voucher, Bytes::default());
                (payee(at), wish(channel.address, REDEEM, &params)?)
            }
            _ => {
                let to = people.address(at + PLACES + 1);
                let one = TokenAmount::from_nano(1);
                let call = self.token.transfer(to, one, RawBytes::default());
                (at + PLACES, of_call(call))
            }
        };
        let wish = Wish {
            gas: CALL_GAS,
            ..wish
        };
        world.people.sign(from, wish)
    }
}

/// Who pays into a channel. Always one with a secp256k1 key: to check a voucher signed with a BLS key costs 20 million gas.
fn payer(at: usize) -> usize {
    2 * at
}

/// Who redeems its vouchers: keys of both kinds.
fn payee(at: usize) -> usize {
    2 * at + 1 + at % 2
}

/// A voucher by which a channel's payer pays one nanoFIL more.
fn voucher(world: &World, at: usize, channel: &Channel) -> Result<SignedVoucher> {
    let mut voucher = SignedVoucher {
        channel_addr: channel.address,
        time_lock_min: 0,
        time_lock_max: 0,
        secret_pre_image: Bytes::default(),
        extra: None,
        lane: 0,
        nonce: channel.last,
        amount: TokenAmount::from_nano(channel.last),
        min_settle_height: 0,
        merges: Vec::new(),
        signature: None,
    };
    let payer = world.people.key(payer(at));
    let signature = payer.sign(&voucher.signing_bytes()?);
    voucher.signature = Some(Signature {
        sig_type: SignatureType::Secp256k1,
        bytes: signature.bytes,
    });
    Ok(voucher)
}

fn create_wallet(world: &mut World, at: usize) -> Result<SignedMessage> {
    let constructor = multisig::ConstructorParams {
        signers: vec![world.people.address(at)],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    };
    create(world, at, "multisig", &constructor)
}

fn create_channel(world: &mut World, at: usize) -> Result<SignedMessage> {
    let constructor = paych::ConstructorParams {
        from: world.people.address(payer(at)),
        to: world.people.address(payee(at)),
    };
    create(world, at, "paymentchannel", &constructor)
}

/// An actor of the bundle, with 100 FIL.
fn create(
    world: &mut World,
    at: usize,
    name: &str,
    constructor: &impl Serialize,
) -> Result<SignedMessage> {
    let head = world.node.chain.head();
    let view = world.node.states.view_after(&head)?;
    let code = view.manifest()?.code_named(name).copied();
    let params = ExecParams {
        code_cid: code.with_context(|| format!("the bundle has no {name}"))?,
        constructor_params: RawBytes::serialize(constructor)?,
    };
    let wish = Wish {
        value: TokenAmount::from_whole(100),
        ..wish(INIT, EXEC, &params)?
    };
    world.people.sign(at, wish)
}

/// A token of which those who will transfer it have enough: the example of the SDK, built and installed as users do it.
fn token(world: &mut World) -> Result<TokenClient> {
    let minter = world.people.address(0);
    let options = BuildOptions {
        quiet: true,
        ..BuildOptions::new(filigree_bundle::checkout().join("sdk/examples/token"))
    };
    let wasm = filigree_build::build(&options).context("the example of a token")?;
    let installed = wish(INIT, INSTALL_CODE, &(RawBytes::new(wasm.wasm),))?;
    let installed = world.people.sign(0, installed)?;
    let (code, _): (Cid, bool) = single(run(world, vec![installed])?)?;
    let construction = TokenClient::new(
        "Benchmark".to_owned(),
        "BEN".to_owned(),
        1_000_000_000,
        minter,
    );
    let construction = construction.params.map(|block| RawBytes::new(block.data));
    let params = ExecParams {
        code_cid: code,
        constructor_params: construction.unwrap_or_default(),
    };
    let created = world.people.sign(0, wish(INIT, EXEC, &params)?)?;
    let created: ExecReturn = single(run(world, vec![created])?)?;
    let token = TokenClient::at(created.robust_address);
    let mut minted = Vec::new();
    for at in PLACES..2 * PLACES {
        let to = world.people.address(at);
        let call = token.mint(to, TokenAmount::from_whole(1), RawBytes::default());
        minted.push(world.people.sign(0, of_call(call))?);
    }
    let _: Vec<example_token::MintReturn> = run(world, minted)?;
    Ok(token)
}

fn wish(to: Address, method: u64, params: &impl Serialize) -> Result<Wish> {
    Ok(Wish {
        to,
        value: TokenAmount::default(),
        method,
        params: RawBytes::serialize(params)?,
        gas: SETTING_UP_GAS,
    })
}

fn of_call<R>(call: Call<R>) -> Wish {
    let params = call.params.map(|block| RawBytes::new(block.data));
    Wish {
        to: call.to,
        value: call.value,
        method: call.method,
        params: params.unwrap_or_default(),
        gas: SETTING_UP_GAS,
    }
}

/// Has messages mined; gives what they return.
fn run<R: DeserializeOwned>(world: &World, messages: Vec<SignedMessage>) -> Result<Vec<R>> {
    let cids: Vec<Cid> = messages.iter().map(SignedMessage::cid).collect();
    world.push(messages)?;
    world.mine_all()?;
    let returned = |cid: &Cid| {
        let receipt = receipt(world, cid)?;
        let code = receipt.exit_code;
        ensure!(code.is_success(), "a message that sets up ends with {code}");
        Ok(receipt.return_data.deserialize()?)
    };
    cids.iter().map(returned).collect()
}

fn receipt(world: &World, cid: &Cid) -> Result<Receipt> {
    let chain = &world.node.chain;
    let found = chain.index().find_message(cid)?;
    let found = found.context("a message was not mined")?;
    let receipts = world.node.states.receipts(&chain.tipset(&found.tipset)?)?;
    let receipt = receipts.into_iter().nth(usize::try_from(found.index)?);
    receipt.context("a message has no receipt")
}

fn single<R>(returned: Vec<R>) -> Result<R> {
    returned
        .into_iter()
        .next()
        .context("one message, no return")
}
