//! `syscalls!`: from one line per syscall to a function for wasm32 (an import) and for native runs (a call to the
//! kernel), and to the list that a test compares with the table of the ABI.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Token, Type, parenthesized};

/// The whole list.
pub struct Syscalls(Vec<Syscall>);

/// `"module" "name" function(arguments) [-> value];`
struct Syscall {
    module: LitStr,
    name: LitStr,
    function: Ident,
    args: Vec<Arg>,
    out: Option<Type>,
}

/// `kind name[: type]`
struct Arg {
    kind: Kind,
    name: Ident,
}

enum Kind {
    Val(Box<Type>),
    Read { with_len: bool },
    Write { with_len: bool },
}

impl Parse for Syscalls {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut list = Vec::new();
        while !input.is_empty() {
            list.push(input.parse()?);
        }
        Ok(Self(list))
    }
}

impl Parse for Syscall {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (module, name, function) = (input.parse()?, input.parse()?, input.parse()?);
        let args;
        parenthesized!(args in input);
        let args = Punctuated::<Arg, Token![,]>::parse_terminated(&args)?;
        let arrow: Option<Token![->]> = input.parse()?;
        let out = arrow.map(|_| input.parse()).transpose()?;
        input.parse::<Token![;]>()?;
        Ok(Self {
            module,
            name,
            function,
            args: args.into_iter().collect(),
            out,
        })
    }
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (kind, name): (Ident, Ident) = (input.parse()?, input.parse()?);
        let kind = match kind.to_string().as_str() {
            "val" => {
                input.parse::<Token![:]>()?;
                Kind::Val(input.parse()?)
            }
            "bytes" => Kind::Read { with_len: true },
            "at" => Kind::Read { with_len: false },
            "out" => Kind::Write { with_len: true },
            "fill" => Kind::Write { with_len: false },
            _ => {
                return Err(syn::Error::new(
                    kind.span(),
                    "use val, bytes, at, out or fill",
                ));
            }
        };
        Ok(Self { kind, name })
    }
}

/// All functions, and the list of imports.
pub fn expand(Syscalls(list): &Syscalls) -> TokenStream {
    let functions = list.iter().map(function);
    let rows = list.iter().map(row);
    quote! {
        #(#functions)*

        /// Module, name, Wasm parameters and bytes of the value of each import.
        #[cfg(test)]
        const IMPORTS: &[(&str, &str, &[filigree_abi::WasmType], Option<usize>)] = &[#(#rows),*];
    }
}

fn function(syscall: &Syscall) -> TokenStream {
    let Syscall {
        module,
        name,
        function,
        args,
        out,
    } = syscall;
    let doc = format!("`{}::{}`, see `SYSCALLS.md`.", module.value(), name.value());
    let params = args.iter().map(|Arg { kind, name }| match kind {
        Kind::Val(ty) => quote!(#name: #ty),
        Kind::Read { .. } => quote!(#name: &[u8]),
        Kind::Write { .. } => quote!(#name: &mut [u8]),
    });
    let value = out
        .as_ref()
        .map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let (wasm, native) = (wasm_body(syscall), native_body(syscall));
    quote! {
        #[doc = #doc]
        pub fn #function(#(#params),*) -> SysResult<#value> {
            #[cfg(target_arch = "wasm32")]
            { #wasm }
            #[cfg(not(target_arch = "wasm32"))]
            { #native }
        }
    }
}

/// Calls the import.
fn wasm_body(
    Syscall {
        module,
        name,
        args,
        out,
        ..
    }: &Syscall,
) -> TokenStream {
    let (mut params, mut values) = (Vec::new(), Vec::new());
    for Arg { kind, name } in args {
        let with_len = match kind {
            Kind::Val(ty) => {
                params.push(quote!(#name: #ty));
                values.push(quote!(#name));
                false
            }
            Kind::Read { with_len } => {
                params.push(quote!(#name: *const u8));
                values.push(quote!(#name.as_ptr()));
                *with_len
            }
            Kind::Write { with_len } => {
                params.push(quote!(#name: *mut u8));
                values.push(quote!(#name.as_mut_ptr()));
                *with_len
            }
        };
        if with_len {
            let len = format_ident!("{name}_len");
            params.push(quote!(#len: u32));
            values.push(quote!(#name.len() as u32));
        }
    }
    let out_param = out.as_ref().map(|ty| quote!(out: *mut #ty,));
    let import = quote! {
        #[link(wasm_import_module = #module)]
        unsafe extern "C" {
            #[link_name = #name]
            fn import(#out_param #(#params),*) -> u32;
        }
    };
    match out {
        None => quote! {
            #import
            // SAFETY: the slices live through the call, with the lengths given.
            error_number(unsafe { import(#(#values),*) })
        },
        Some(ty) => quote! {
            #import
            let mut out = std::mem::MaybeUninit::<#ty>::uninit();
            // SAFETY: as above; the host writes a whole value before it gives 0.
            unsafe {
                error_number(import(out.as_mut_ptr(), #(#values),*))?;
                Ok(out.assume_init())
            }
        },
    }
}

/// Calls the kernel.
fn native_body(
    Syscall {
        module,
        name,
        args,
        out,
        ..
    }: &Syscall,
) -> TokenStream {
    let values = args.iter().map(|Arg { kind, name }| match kind {
        Kind::Val(_) => quote!(native::Arg::Val(#name as u64)),
        Kind::Read { with_len } => quote!(native::Arg::Read(#name, #with_len)),
        Kind::Write { with_len } => quote!(native::Arg::Write(#name, #with_len)),
    });
    match out {
        None => quote!(error_number(native::call(#module, #name, &mut [#(#values),*], &mut []))),
        Some(ty) => quote! {
            let mut out = [0u8; size_of::<#ty>()];
            error_number(native::call(#module, #name, &mut [#(#values),*], &mut out))?;
            #[allow(clippy::useless_transmute)] // Some out-values are bytes.
            // SAFETY: out-structs are packed plain data of this size; every bit pattern is a value.
            Ok(unsafe { std::mem::transmute::<[u8; size_of::<#ty>()], #ty>(out) })
        },
    }
}

/// The import as the table of the ABI would have it.
fn row(
    Syscall {
        module,
        name,
        args,
        out,
        ..
    }: &Syscall,
) -> TokenStream {
    let mut params = Vec::new();
    let word = |wide: bool| match wide {
        true => quote!(filigree_abi::WasmType::I64),
        false => quote!(filigree_abi::WasmType::I32),
    };
    params.extend(out.iter().map(|_| word(false)));
    for Arg { kind, .. } in args {
        match kind {
            Kind::Val(ty) => params.push(word(ty.to_token_stream().to_string().ends_with("64"))),
            Kind::Read { with_len } | Kind::Write { with_len } => {
                params.push(word(false));
                params.extend(with_len.then(|| word(false)));
            }
        }
    }
    let size = match out {
        Some(ty) => quote!(Some(size_of::<#ty>())),
        None => quote!(None),
    };
    quote!((#module, #name, &[#(#params),*], #size))
}
