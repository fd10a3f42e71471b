//! The schema of the actor, from the signatures of its methods.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use super::method::{Method, Role};

/// The constants `SCHEMA` and `SCHEMA_JSON` of `Actor`.
pub fn expand(actor: &Ident, stateless: bool, methods: &[Method]) -> TokenStream {
    let name = actor.to_string();
    let state = if stateless {
        quote!(::core::option::Option::None)
    } else {
        quote!(::core::option::Option::Some(&<#actor as ::filigree_sdk::__private::Describe>::TYPE))
    };
    let methods = methods.iter().flat_map(rows);
    quote! {
        const SCHEMA: ::filigree_sdk::__private::ActorSchema = ::filigree_sdk::__private::ActorSchema {
            name: #name,
            state: #state,
            methods: &[#(#methods),*],
        };

        const SCHEMA_JSON: &'static str = {
            const JSON: [u8; ::filigree_sdk::__private::schema_len(&<#actor as ::filigree_sdk::__private::Actor>::SCHEMA)] =
                ::filigree_sdk::__private::schema_json(&<#actor as ::filigree_sdk::__private::Actor>::SCHEMA);
            match ::core::str::from_utf8(&JSON) {
                Ok(json) => json,
                Err(_) => panic!("a schema is UTF-8"),
            }
        };
    }
}

/// One row for each number of a method; roles without a number have one with 0.
fn rows(method: &Method) -> Vec<TokenStream> {
    let numbers = match method.numbers.as_slice() {
        [] => &[0],
        numbers => numbers,
    };
    let kind = format_ident!(
        "{}",
        match method.role {
            Role::Constructor => "Constructor",
            Role::Method => "Method",
            Role::View => "View",
            Role::Receive => "Receive",
            Role::Fallback => "Fallback",
            Role::Upgrade => "Upgrade",
        }
    );
    let (label, cfgs) = (&method.label, &method.cfgs);
    let params: Vec<TokenStream> = match method.role {
        // Its parameters are any.
        Role::Fallback => Vec::new(),
        // The first is the host's.
        Role::Upgrade => method.params[1..].iter().map(field).collect(),
        _ => method.params.iter().map(field).collect(),
    };
    let returns = match method.role {
        // They return the state, which is stored.
        Role::Constructor | Role::Upgrade => quote!(()),
        Role::Fallback => quote!(()),
        _ => {
            let ty = &method.returns;
            quote!(#ty)
        }
    };
    let row = |number: &u64| {
        quote! {
            #(#cfgs)*
            ::filigree_sdk::__private::MethodSchema {
                name: #label,
                number: #number,
                kind: ::filigree_sdk::__private::MethodKind::#kind,
                params: &[#(#params),*],
                returns: &<#returns as ::filigree_sdk::__private::Describe>::TYPE,
            }
        }
    };
    numbers.iter().map(row).collect()
}

fn field((name, ty): &(Ident, syn::Type)) -> TokenStream {
    let name = name.to_string().trim_start_matches("r#").to_owned();
    quote! {
        ::filigree_sdk::__private::Field {
            name: #name,
            ty: &<#ty as ::filigree_sdk::__private::Describe>::TYPE,
        }
    }
}
