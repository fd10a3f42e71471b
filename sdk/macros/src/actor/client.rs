//! The typed client: for each method a function that makes a `Call`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::method::{Method, Role};

/// `struct CounterClient` and its functions.
pub fn expand(actor: &Ident, methods: &[Method]) -> TokenStream {
    let client = format_ident!("{actor}Client");
    let doc =
        format!("Makes calls to a [`{actor}`]. Send them with `Context::send`, or in a sandbox.");
    let functions = methods.iter().map(function);
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct #client {
            /// Where the actor lives.
            pub address: ::filigree_sdk::__private::Address,
        }

        impl #client {
            /// The client of the actor at an address.
            pub const fn at(address: ::filigree_sdk::__private::Address) -> Self {
                Self { address }
            }

            #(#functions)*
        }
    }
}

fn function(method: &Method) -> TokenStream {
    let Method {
        name,
        cfgs,
        params,
        returns,
        ..
    } = method;
    let docs = match method.docs.as_slice() {
        [] => {
            let doc = format!("Calls `{name}`.");
            quote!(#[doc = #doc])
        }
        docs => quote!(#(#docs)*),
    };
    let (names, types): (Vec<_>, Vec<_>) = params.iter().map(|(name, ty)| (name, ty)).unzip();
    let value = match names.as_slice() {
        [] => quote!(::core::option::Option::None),
        [one] => {
            quote!(::filigree_sdk::__private::encode(&#one).expect("parameters have an encoding"))
        }
        many => {
            quote!(::filigree_sdk::__private::encode(&(#(&#many,)*)).expect("parameters have an encoding"))
        }
    };
    match (method.role, method.numbers.first()) {
        (Role::Constructor, _) => quote! {
            #(#cfgs)*
            #docs
            pub fn #name(#(#names: #types),*) -> ::filigree_sdk::__private::Construction {
                ::filigree_sdk::__private::Construction { params: #value }
            }
        },
        (_, Some(number)) => quote! {
            #(#cfgs)*
            #docs
            pub fn #name(&self, #(#names: #types),*) -> ::filigree_sdk::__private::Call<#returns> {
                ::filigree_sdk::__private::Call::new(self.address, #number, #value)
            }
        },
        (_, None) => TokenStream::new(),
    }
}
