//! The macros of the actor SDK.
//!
//! In reading order: [`macro@actor`] (an impl block becomes an actor: `actor/`), [`macro@tuple`] (a struct becomes DAG-CBOR and part of the
//! schema), [`method_number!`] (FRC-0042), [`syscalls!`] (the SDK's own list of imports).
//!
//! A mistake in an actor is a compile error at the place of the mistake that says what to write instead.

mod actor;
mod frc42;
mod syscalls;
mod tuple;

use proc_macro::TokenStream;
use quote::quote;
use syn::parse_macro_input;

/// Makes an actor of a struct (its state) from an impl block of it.
///
/// | attribute | the function |
/// |---|---|
/// | `#[constructor]` | makes the first state; the init actor calls it. `#[constructor(by = system)]` or `by = any` for others |
/// | `#[method]` | is called by the number of its name in camel case (FRC-0042) |
/// | `#[method(2)]`, `#[method("Name")]`, `#[method(2, "Name")]` | is called by that number, that name's number, or both |
/// | `#[view]`, with the same arguments | changes nothing |
/// | `#[receive]` | takes tokens, as `Received` (FRC-0046) |
/// | `#[fallback]` | takes all other calls: `(ctx, method: MethodNum, params: Option<IpldBlock>)` |
/// | `#[upgrade]` | makes the new state when older code is replaced: `(ctx, from: UpgradeInfo, parameters…)` |
///
/// `#[actor(stateless)]` is for an actor without state. `#[actor(before = check)]` calls `check(ctx: &Context) -> Result<()>` before every
/// method, before its parameters are decoded. A method under `#[cfg(…)]` exists under that condition.
///
/// A function takes `&self` to look at the state, `&mut self` to change it in one transaction, or no `self` to do more. Next it may take
/// `ctx: &Context`, or without `self` also `ctx: &mut Context`, which can send. Then come its parameters, by value.
/// It returns a value or a `Result` of one.
///
/// Besides the actor there is a client: for `Counter` a `CounterClient`, with a function for each method that makes a `Call`.
#[proc_macro_attribute]
pub fn actor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(arguments as actor::Options);
    let block = parse_macro_input!(item as syn::ItemImpl);
    match actor::expand(&options, block.clone()) {
        Ok(tokens) => tokens.into(),
        Err(error) => {
            // The rest of the block is still there, so that one mistake gives one error.
            let (error, block) = (error.into_compile_error(), actor::without_attributes(block));
            quote!(#block #error).into()
        }
    }
}

/// Makes a struct a DAG-CBOR array of its fields, or an enum without fields an integer, and tells the schema about it. With
/// `#[tuple(transparent)]` a struct with one field is encoded as that field.
#[proc_macro_attribute]
pub fn tuple(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(arguments as tuple::Options);
    let item = parse_macro_input!(item as syn::DeriveInput);
    match tuple::expand(&options, &item) {
        Ok(tokens) => quote!(#item #tokens).into(),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#item #error).into()
        }
    }
}

/// The number of a method name: `method_number!("Receive")` (FRC-0042).
#[proc_macro]
pub fn method_number(name: TokenStream) -> TokenStream {
    let name = parse_macro_input!(name as syn::LitStr);
    match frc42::number(&name) {
        Ok(number) => quote!(#number).into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// Declares the SDK's syscalls.
#[doc(hidden)]
#[proc_macro]
pub fn syscalls(list: TokenStream) -> TokenStream {
    let list = parse_macro_input!(list as syscalls::Syscalls);
    syscalls::expand(&list).into()
}
