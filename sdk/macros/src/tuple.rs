//! `#[tuple]`: DAG-CBOR arrays, newtypes and integers, by serde, and their part of the schema.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Data, DeriveInput, Expr, Fields, Ident, Index, LitInt, Member, Type};

/// What stands in the attribute's brackets.
pub struct Options {
    transparent: Option<Span>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self { transparent: None });
        }
        let word: Ident = input.parse()?;
        if word != "transparent" {
            return Err(syn::Error::new(
                word.span(),
                "use `#[tuple]` or `#[tuple(transparent)]`",
            ));
        }
        Ok(Self {
            transparent: Some(word.span()),
        })
    }
}

/// The implementations for a struct or an enum.
pub fn expand(options: &Options, item: &DeriveInput) -> syn::Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &item.generics,
            "a `#[tuple]` has no generic parameters: write the types out",
        ));
    }
    match (&item.data, options.transparent) {
        (Data::Struct(data), None) => Ok(tuple(&item.ident, &data.fields)),
        (Data::Struct(data), Some(span)) if data.fields.len() != 1 => Err(syn::Error::new(
            span,
            "only a struct with one field is transparent: leave `transparent` out",
        )),
        (Data::Struct(data), Some(_)) => Ok(transparent(&item.ident, &data.fields)),
        (Data::Enum(data), None) => numbers(&item.ident, data),
        (Data::Enum(_), Some(span)) => Err(syn::Error::new(
            span,
            "an enum is a number: leave `transparent` out",
        )),
        (Data::Union(data), _) => Err(syn::Error::new(
            data.union_token.span,
            "a union has no encoding: use a struct",
        )),
    }
}

/// Names for the schema, members and types of fields.
fn parts(fields: &Fields) -> Vec<(String, Member, &Type)> {
    let member = |(i, field): (usize, &syn::Field)| match &field.ident {
        Some(name) => Member::Named(name.clone()),
        None => Member::Unnamed(Index::from(i)),
    };
    let name = |field: &syn::Field| {
        field
            .ident
            .as_ref()
            .map(|name| name.to_string().trim_start_matches("r#").to_owned())
    };
    fields
        .iter()
        .enumerate()
        .map(|(i, field)| {
            (
                name(field).unwrap_or_default(),
                member((i, field)),
                &field.ty,
            )
        })
        .collect()
}

fn tuple(name: &Ident, fields: &Fields) -> TokenStream {
    let parts = parts(fields);
    let len = parts.len();
    let (names, members, types): (Vec<_>, Vec<_>, Vec<_>) = split3(parts);
    let indexes = 0..len;
    let what = format!("a {name}, which is an array of {len}");
    let label = name.to_string();
    quote! {
        const _: () = {
            use ::filigree_sdk::serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeTuple};

            impl Serialize for #name {
                fn serialize<S: Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    #[allow(unused_mut)]
                    let mut tuple = serializer.serialize_tuple(#len)?;
                    #(tuple.serialize_element(&self.#members)?;)*
                    tuple.end()
                }
            }

            impl<'de> Deserialize<'de> for #name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    struct Fields;
                    impl<'de> de::Visitor<'de> for Fields {
                        type Value = #name;

                        fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                            f.write_str(#what)
                        }

                        fn visit_seq<A: de::SeqAccess<'de>>(self, mut fields: A) -> ::core::result::Result<#name, A::Error> {
                            let _ = &mut fields;
                            Ok(#name {
                                #(#members: fields
                                    .next_element::<#types>()?
                                    .ok_or_else(|| de::Error::invalid_length(#indexes, &Fields))?,)*
                            })
                        }
                    }
                    deserializer.deserialize_tuple(#len, Fields)
                }
            }

            impl ::filigree_sdk::describe::Describe for #name {
                const TYPE: ::filigree_sdk::describe::Type = ::filigree_sdk::describe::Type::Tuple {
                    name: #label,
                    fields: &[#(::filigree_sdk::describe::Field {
                        name: #names,
                        ty: &<#types as ::filigree_sdk::describe::Describe>::TYPE,
                    }),*],
                };
            }
        };
    }
}

fn split3<A, B, C>(parts: Vec<(A, B, C)>) -> (Vec<A>, Vec<B>, Vec<C>) {
    let mut split = (Vec::new(), Vec::new(), Vec::new());
    for (a, b, c) in parts {
        split.0.push(a);
        split.1.push(b);
        split.2.push(c);
    }
    split
}

fn transparent(name: &Ident, fields: &Fields) -> TokenStream {
    let (_, members, types) = split3(parts(fields));
    let label = name.to_string();
    quote! {
        const _: () = {
            use ::filigree_sdk::serde::{Deserialize, Deserializer, Serialize, Serializer};

            #(
                impl Serialize for #name {
                    fn serialize<S: Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                        self.#members.serialize(serializer)
                    }
                }

                impl<'de> Deserialize<'de> for #name {
                    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                        Ok(#name { #members: <#types>::deserialize(deserializer)? })
                    }
                }

                impl ::filigree_sdk::describe::Describe for #name {
                    const TYPE: ::filigree_sdk::describe::Type = ::filigree_sdk::describe::Type::Transparent {
                        name: #label,
                        ty: &<#types as ::filigree_sdk::describe::Describe>::TYPE,
                    };
                }
            )*
        };
    }
}

fn numbers(name: &Ident, data: &syn::DataEnum) -> syn::Result<TokenStream> {
    let (mut variants, mut values, mut next) = (Vec::new(), Vec::new(), 0i64);
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(
                variant,
                "a variant of a `#[tuple]` enum has no fields: it is encoded as its number",
            ));
        }
        if let Some((_, value)) = &variant.discriminant {
            next = discriminant(value)?;
        }
        variants.push(&variant.ident);
        values.push(next);
        next = next.saturating_add(1);
    }
    let (label, what) = (name.to_string(), format!("the number of a {name}"));
    let labels: Vec<String> = variants.iter().map(ToString::to_string).collect();
    let unknown = format_ident!("unknown");
    Ok(quote! {
        const _: () = {
            use ::filigree_sdk::serde::{Deserialize, Deserializer, Serialize, Serializer, de};

            impl Serialize for #name {
                fn serialize<S: Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    serializer.serialize_i64(match self { #(#name::#variants => #values),* })
                }
            }

            impl<'de> Deserialize<'de> for #name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    match i64::deserialize(deserializer)? {
                        #(#values => Ok(#name::#variants),)*
                        #unknown => Err(de::Error::invalid_value(de::Unexpected::Signed(#unknown), &#what)),
                    }
                }
            }

            impl ::filigree_sdk::describe::Describe for #name {
                const TYPE: ::filigree_sdk::describe::Type = ::filigree_sdk::describe::Type::Enum {
                    name: #label,
                    variants: &[#((#labels, #values)),*],
                };
            }
        };
    })
}

/// A literal number, perhaps negative.
fn discriminant(value: &Expr) -> syn::Result<i64> {
    let text = quote!(#value).to_string().replace(' ', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let number = syn::parse_str::<LitInt>(digits).and_then(|literal| {
        format!("{sign}{}", literal.base10_digits())
            .parse()
            .map_err(|_| syn::Error::new_spanned(value, "this number does not fit 64 bits"))
    });
    number.map_err(|_| syn::Error::new_spanned(value, "write the number of a variant as a literal"))
}
