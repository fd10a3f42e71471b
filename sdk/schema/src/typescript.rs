//! TypeScript bindings: interfaces for the structs of an actor, and a class with a method for each of its methods.
//!
//! The text needs nothing else: it brings its own codec of DAG-CBOR, addresses and CIDs (`runtime/*.ts`, ES2020). Names
//! of a schema may be anything; here they become identifiers, and no text of a schema leaves its comment or string.
//!
//! Left out: sending messages; reading maps, arrays and links, which are strings with their CIDs.

mod names;
mod values;

use std::collections::HashMap;
use std::fmt::Write;

use crate::{Field, Method, MethodKind, Schema, Type, types};
use names::{Scope, comment, identifier, property};

/// The runtime, in the order in which it is written.
const RUNTIME: &[&str] = &[
    include_str!("typescript/runtime/cbor.ts"),
    include_str!("typescript/runtime/text.ts"),
    include_str!("typescript/runtime/bits.ts"),
];

/// Names that the methods of the class use for themselves.
const OWN_NAMES: &[&str] = &["cbor", "attoFil", "method", "result"];

/// The TypeScript of the schema: one file, complete.
pub fn typescript(schema: &Schema) -> String {
    let mut text = bindings(schema);
    let (declarations, codecs) = text.split_once(CODECS_HERE).unwrap_or((&text, ""));
    text = [
        declarations,
        "// The runtime: the same for every actor.\n\n",
        &RUNTIME.join("\n"),
        codecs,
    ]
    .concat();
    text
}

/// Where the runtime goes: after all that a reader looks for, before the constants that need it.
const CODECS_HERE: &str = "// -- runtime --\n";

/// Everything but the runtime.
fn bindings(schema: &Schema) -> String {
    let mut bindings = Bindings::new();
    let params = schema.methods.iter().flat_map(|method| &method.params);
    let params = params.map(|field| &field.ty);
    let returns = schema.methods.iter().map(|method| &method.returns);
    schema
        .state
        .iter()
        .chain(params)
        .chain(returns)
        .for_each(|ty| bindings.declare(ty));
    let class = bindings.class(schema);
    let mut text = format!(
        "// {}: bindings made by filigree from the schema in the actor's Wasm. Do not edit.\n\n",
        comment(&schema.actor)
    );
    text += &bindings.types;
    text += &class;
    text += CODECS_HERE;
    text += &bindings.codecs;
    text
}

/// What a named type is called.
struct Named {
    ty: String,
    codec: String,
}

struct Bindings<'s> {
    /// Names of the file.
    scope: Scope,
    named: HashMap<&'s Type, Named>,
    types: String,
    codecs: String,
}

impl<'s> Bindings<'s> {
    fn new() -> Bindings<'s> {
        let scope = Scope::of_file(RUNTIME);
        Bindings {
            scope,
            named: HashMap::new(),
            types: String::new(),
            codecs: String::new(),
        }
    }

    /// Declares the named types in `ty`, inner ones first.
    fn declare(&mut self, ty: &'s Type) {
        let name = match ty {
            Type::Tuple { name, .. } | Type::Transparent { name, .. } | Type::Enum { name, .. } => {
                name
            }
            _ => "",
        };
        if self.named.contains_key(ty) {
            return;
        }
        // What stands behind a CID is only its text here.
        if !matches!(ty, Type::Map { .. } | Type::Array { .. } | Type::Link(_)) {
            ty.children()
                .into_iter()
                .for_each(|child| self.declare(child));
        }
        if name.is_empty() {
            return;
        }
        let name = self.scope.take(identifier(name));
        let mut lower = name.clone();
        if let Some(first) = lower.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let codec = self.scope.take(format!("{lower}Codec"));
        self.types += &match ty {
            Type::Tuple { fields, .. } if types::are_named(fields) => self.interface(&name, fields),
            _ => format!("export type {name} = {};\n\n", self.ty_inside(ty)),
        };
        let inside = self.codec_inside(ty, &name);
        self.codecs += &format!(
            "\n/** Codec of {name}. */\nexport const {codec}: Codec<{name}> = {inside};\n"
        );
        self.named.insert(ty, Named { ty: name, codec });
    }

    fn interface(&self, name: &str, fields: &[Field]) -> String {
        let mut text = format!("export interface {name} {{\n");
        for field in fields {
            if let Some(meaning) = meaning(&field.ty) {
                let _ = writeln!(text, "  /** {meaning} */");
            }
            let _ = writeln!(text, "  {}: {};", property(&field.name), self.ty(&field.ty));
        }
        text + "}\n\n"
    }

    fn class(&mut self, schema: &Schema) -> String {
        let name = self
            .scope
            .take(format!("{}Client", identifier(&schema.actor)));
        let mut text = format!(
            "/** The actor {}. Its methods give what a message needs; sending it is yours. */\nexport class {name} {{\n",
            comment(&schema.actor)
        );
        text += "  /** The address of the actor. */\n  readonly to: string;\n\n";
        text += "  constructor(to: string) {\n    this.to = to;\n  }\n";
        let mut members = Scope::of_class();
        if let Some(state) = &schema.state {
            let (ty, codec) = (self.ty(state), self.codec(state));
            text += "\n  /** The state, from the block that its root names. */\n";
            let _ = writeln!(
                text,
                "  static state(block: Uint8Array): {ty} {{\n    return cbor.decode({codec}, block);\n  }}"
            );
        }
        for (index, method) in schema.methods.iter().enumerate() {
            // A method of several numbers stands there once for each.
            let earlier = schema.methods.iter().take(index);
            let alike = |other: &Method| {
                (&other.name, &other.params, &other.returns)
                    == (&method.name, &method.params, &method.returns)
            };
            if earlier
                .into_iter()
                .any(|other| other.kind == method.kind && alike(other))
            {
                continue;
            }
            text += &match method.kind {
                MethodKind::Constructor | MethodKind::Upgrade => {
                    self.creation(method, &mut members)
                }
                _ => self.method(method, &mut members),
            };
        }
        text + "}\n\n"
    }

    /// The constructor and the upgrade are not called by message: only their parameters are written.
    fn creation(&self, method: &Method, members: &mut Scope) -> String {
        let (what, name) = match method.kind {
            MethodKind::Upgrade => ("the upgrade", "upgradeParams"),
            _ => ("the constructor", "constructorParams"),
        };
        let name = members.take(name.to_owned());
        let (signature, params) = self.params(method);
        let doc = comment(&method.name);
        format!(
            "\n  /** The parameters of {what} ({doc}). */\n  static {name}({signature}): Uint8Array | undefined {{\n    return {params};\n  }}\n"
        )
    }

    fn method(&self, method: &Method, members: &mut Scope) -> String {
        let mut lower = identifier(&method.name);
        if let Some(first) = lower.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let name = members.take(lower);
        let (params_signature, params) = self.params(method);
        let (mut signature, mut value) = (vec![params_signature], "attoFil");
        let (doc, number) = match method.kind {
            MethodKind::Fallback => {
                signature.insert(0, "method: bigint".to_owned());
                ("any other method".to_owned(), "method".to_owned())
            }
            _ => (
                format!("method {}", method.number),
                format!("method: {}n", method.number),
            ),
        };
        let note = match method.kind {
            MethodKind::View => {
                value = "0n";
                "; changes nothing"
            }
            _ => {
                signature.push("attoFil = 0n".to_owned());
                ""
            }
        };
        signature.retain(|part| !part.is_empty());
        let (returns, decode) = match method.returns.inner() {
            Type::Unit if !method.is_open() => ("void".to_owned(), "() => undefined".to_owned()),
            Type::Unit | Type::Block => (
                "Uint8Array | undefined".to_owned(),
                "(result) => result".to_owned(),
            ),
            _ => {
                let codec = self.codec(&method.returns);
                (
                    self.ty(&method.returns),
                    format!("(result) => cbor.decode({codec}, result)"),
                )
            }
        };
        format!(
            "\n  /** {}: {doc}{note}. */\n  {name}({}): Call<{returns}> {{\n    return {{\n      to: this.to,\n      {number},\n      params: {params},\n      value: {value},\n      decode: {decode},\n    }};\n  }}\n",
            comment(&method.name),
            signature.join(", "),
        )
    }

    /// The parameters in the signature, and the expression of their block.
    fn params(&self, method: &Method) -> (String, String) {
        let block = |name: &str| (format!("{name}: Uint8Array | undefined"), name.to_owned());
        if method.is_open() {
            return block("params");
        }
        let mut scope = Scope::of_names(OWN_NAMES);
        let names: Vec<String> = method
            .params
            .iter()
            .map(|param| scope.take(identifier(&param.name)))
            .collect();
        if let ([param], [name]) = (method.params.as_slice(), names.as_slice())
            && param.ty.inner() == &Type::Block
        {
            return block(name);
        }
        let named = || names.iter().zip(&method.params);
        let signature: Vec<String> = named()
            .map(|(name, param)| format!("{name}: {}", self.ty(&param.ty)))
            .collect();
        let params: Vec<String> = named()
            .map(|(name, param)| format!("cbor.param({}, {name})", self.codec(&param.ty)))
            .collect();
        let params = match params.is_empty() {
            true => "undefined".to_owned(),
            false => format!("cbor.params({})", params.join(", ")),
        };
        (signature.join(", "), params)
    }
}

/// What the TypeScript type does not tell.
fn meaning(ty: &Type) -> Option<String> {
    let text = match ty.inner() {
        Type::Address => "An address, such as f01234.".to_owned(),
        Type::Token => "attoFIL.".to_owned(),
        Type::Epoch => "A chain epoch.".to_owned(),
        Type::ActorId => "An actor's number.".to_owned(),
        Type::Cid => "A CID.".to_owned(),
        Type::Map { .. } | Type::Array { .. } | Type::Link(_) => {
            format!("The CID of a {}.", comment(&ty.inner().to_string()))
        }
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests;
