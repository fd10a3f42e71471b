//! `#[actor]`: an impl block becomes an actor with a dispatcher, a client, a schema and the exports of its Wasm.

mod client;
mod dispatch;
mod method;
mod schema;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, ImplItem, ItemImpl, Path, Token, Type};

use self::method::{Method, Role};

/// What stands in the attribute's brackets.
#[derive(Default)]
pub struct Options {
    stateless: bool,
    /// The function that looks at every call first.
    before: Option<Path>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "stateless" => options.stateless = true,
                "before" => {
                    input.parse::<Token![=]>()?;
                    options.before = Some(input.parse()?);
                }
                _ => {
                    let message =
                        "use `#[actor]`, `#[actor(stateless)]`, `#[actor(before = check)]` or both";
                    return Err(syn::Error::new(word.span(), message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The block itself and all that belongs to it.
pub fn expand(options: &Options, block: ItemImpl) -> syn::Result<TokenStream> {
    let name = name_of(&block)?.clone();
    let methods = methods_of(&block, options.stateless)?;
    check_numbers(&methods)?;
    let client = client::expand(&name, &methods);
    let schema = schema::expand(&name, options.stateless, &methods);
    let dispatch = dispatch::expand(&name, options, &methods);
    let exports = exports(&name, &methods);
    let block = without_attributes(block);
    Ok(quote! {
        #block
        #client
        impl ::filigree_sdk::__private::Actor for #name {
            #schema
            #dispatch
        }
        #exports
    })
}

/// The block with the attributes that only `#[actor]` knows taken away.
pub fn without_attributes(mut block: ItemImpl) -> ItemImpl {
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item {
            function
                .attrs
                .retain(|attribute| Role::of(attribute).is_none());
        }
    }
    block
}

fn name_of(block: &ItemImpl) -> syn::Result<&Ident> {
    if let Some((_, path, _)) = &block.trait_ {
        return Err(syn::Error::new_spanned(
            path,
            "`#[actor]` goes on the struct's own impl block: `impl Counter { … }`",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &block.generics,
            "an actor has no generic parameters",
        ));
    }
    match &*block.self_ty {
        Type::Path(path) if path.path.get_ident().is_some() => Ok(&path.path.segments[0].ident),
        other => Err(syn::Error::new_spanned(
            other,
            "name the struct without a path: `impl Counter { … }`",
        )),
    }
}

/// The functions that are methods. All mistakes are told at once.
fn methods_of(block: &ItemImpl, stateless: bool) -> syn::Result<Vec<Method>> {
    let (mut methods, mut errors) = (Vec::new(), None::<syn::Error>);
    for item in &block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        match Method::of(function, stateless) {
            Ok(method) => methods.extend(method),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    match errors {
        Some(errors) => Err(errors),
        None => Ok(methods),
    }
}

/// Each number calls one method, each special role has one, and the client has its own function.
fn check_numbers(methods: &[Method]) -> syn::Result<()> {
    for (i, method) in methods.iter().enumerate() {
        if method.name == "at" && !method.numbers.is_empty() {
            return Err(syn::Error::new(
                method.span,
                "the client has a function `at`, which makes it; name the method otherwise and keep its name on chain by \
                 `#[method(\"At\")]`",
            ));
        }
        for earlier in &methods[..i] {
            if let Some(number) = method.numbers.iter().find(|n| earlier.numbers.contains(n)) {
                return Err(syn::Error::new(
                    method.span,
                    format!(
                        "`{}` has the number {number}, which calls `{}` already: give it another number, or another name if the \
                         number comes from the name",
                        method.name, earlier.name
                    ),
                ));
            }
            if method.role == earlier.role && method.role.is_single() {
                return Err(syn::Error::new(
                    method.span,
                    format!(
                        "an actor has one `#[{}]`, and `{}` is it already",
                        method.role.word(),
                        earlier.name
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// The Wasm exports and the schema's section. They exist only in the actor's own Wasm, not where it is a dependency.
fn exports(name: &Ident, methods: &[Method]) -> TokenStream {
    let module = format_ident!("__{}_entry", name.to_string().to_lowercase());
    let upgrade = methods
        .iter()
        .any(|method| method.role == Role::Upgrade)
        .then(|| {
            quote! {
                #[cfg(all(target_arch = "wasm32", filigree_entry))]
                #[unsafe(no_mangle)]
                extern "C" fn upgrade(params: u32, info: u32) -> u32 {
                    ::filigree_sdk::__private::run_upgrade::<super::#name>(params, info)
                }
            }
        });
    quote! {
        #[doc(hidden)]
        #[allow(unexpected_cfgs, unsafe_code)]
        mod #module {
            #[cfg(all(target_arch = "wasm32", filigree_entry))]
            #[unsafe(no_mangle)]
            extern "C" fn invoke(params: u32) -> u32 {
                ::filigree_sdk::__private::run_invoke::<super::#name>(params)
            }

            #upgrade

            #[cfg(all(target_arch = "wasm32", filigree_entry))]
            #[used]
            #[unsafe(link_section = "filigree.schema")]
            static SCHEMA: [u8; ::filigree_sdk::__private::schema_len(
                &<super::#name as ::filigree_sdk::__private::Actor>::SCHEMA,
            )] = ::filigree_sdk::__private::schema_json(&<super::#name as ::filigree_sdk::__private::Actor>::SCHEMA);
        }
    }
}
