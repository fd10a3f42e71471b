//! From a method number to the function, and back from what it returns to a block.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::Options;
use super::method::{Access, Creator, Method, Role};

/// The functions `dispatch` and, if the actor has it, `upgrade` of `Actor`.
pub fn expand(actor: &Ident, options: &Options, methods: &[Method]) -> TokenStream {
    let arms = methods
        .iter()
        .filter(|method| !method.numbers.is_empty())
        .map(|method| {
            let (numbers, cfgs, body) = (
                &method.numbers,
                &method.cfgs,
                body(actor, options.stateless, method),
            );
            quote!(#(#cfgs)* #(#numbers)|* => { #body })
        });
    let before = options.before.as_ref().map(|check| quote!(#check(ctx)?;));
    let other = match methods.iter().find(|method| method.role == Role::Fallback) {
        Some(fallback) => {
            let call = call(actor, fallback, quote!(method, params));
            quote!(#call)
        }
        None => quote!(Err(::filigree_sdk::__private::unhandled(method))),
    };
    let upgrade = methods
        .iter()
        .find(|method| method.role == Role::Upgrade)
        .map(|method| upgrade(actor, method));
    quote! {
        #[allow(unused_variables)]
        fn dispatch(
            ctx: &mut ::filigree_sdk::__private::Context,
            method: ::filigree_sdk::__private::MethodNum,
            params: ::core::option::Option<::filigree_sdk::__private::IpldBlock>,
        ) -> ::filigree_sdk::__private::Result<::core::option::Option<::filigree_sdk::__private::IpldBlock>> {
            #before
            match method {
                #(#arms)*
                _ => { #other }
            }
        }

        #upgrade
    }
}

/// Decodes the parameters, runs the function, encodes the result.
fn body(actor: &Ident, stateless: bool, method: &Method) -> TokenStream {
    let decode = decode(&method.params);
    let locals = locals(&method.params);
    let call = call(actor, method, quote!(#(#locals),*));
    match method.role {
        Role::Constructor => {
            let check = match method.creator {
                Creator::Any => quote!(),
                Creator::Id(id) => quote!(ctx.require_caller(&[#id])?;),
            };
            let create = match stateless {
                true => quote!(#call?;),
                false => quote!(let state = #call?; ctx.create(&state)?;),
            };
            quote! {
                #decode
                #check
                #create
                Ok(None)
            }
        }
        _ if method.returns_unit() => quote!(#decode #call?; Ok(None)),
        _ => quote!(#decode ::filigree_sdk::__private::encode(&#call?)),
    }
}

/// `let` for the parameters, from the block `params`.
fn decode(params: &[(Ident, syn::Type)]) -> TokenStream {
    let locals = locals(params);
    let types: Vec<_> = params.iter().map(|(_, ty)| ty).collect();
    match (locals.as_slice(), types.as_slice()) {
        ([], _) => quote!(::filigree_sdk::__private::no_params(params)?;),
        ([local], [ty]) => quote!(let #local: #ty = ::filigree_sdk::__private::params(params)?;),
        _ => {
            quote!(let (#(#locals,)*): (#(#types,)*) = ::filigree_sdk::__private::params(params)?;)
        }
    }
}

/// Variables for the parameters. The author's own names might be those of the code around, `state` or `ctx`.
fn locals(params: &[(Ident, syn::Type)]) -> Vec<Ident> {
    (0..params.len())
        .map(|i| format_ident!("param_{i}"))
        .collect()
}

/// The call itself, as an expression of type `Result`.
fn call(actor: &Ident, method: &Method, arguments: TokenStream) -> TokenStream {
    let name = &method.name;
    let context = method.takes_context.then(|| quote!(ctx,));
    let result = |call: TokenStream| match method.fallible {
        true => call,
        false => quote!(::filigree_sdk::__private::Result::Ok(#call)),
    };
    match method.access {
        Access::Free => result(quote!(#actor::#name(#context #arguments))),
        Access::Look => {
            let call = result(quote!(state.#name(#context #arguments)));
            quote!(ctx.load::<#actor>().and_then(|state| #call))
        }
        Access::Change => {
            let call = result(quote!(state.#name(#context #arguments)));
            quote!(ctx.transaction(|state: &mut #actor, ctx| #call))
        }
    }
}

fn upgrade(actor: &Ident, method: &Method) -> TokenStream {
    let Some((_, rest)) = method.params.split_first() else {
        return TokenStream::new();
    };
    let (decode, locals) = (decode(rest), locals(rest));
    let call = call(actor, method, quote!(info, #(#locals),*));
    quote! {
        #[allow(unused_variables)]
        fn upgrade(
            ctx: &mut ::filigree_sdk::__private::Context,
            params: ::core::option::Option<::filigree_sdk::__private::IpldBlock>,
            info: ::filigree_sdk::dispatch::UpgradeInfo,
        ) -> ::core::option::Option<
            ::filigree_sdk::__private::Result<::core::option::Option<::filigree_sdk::__private::IpldBlock>>,
        > {
            let mut run = || {
                #decode
                let state = #call?;
                ctx.save(&state)?;
                Ok(None)
            };
            Some(run())
        }
    }
}
