//! One function of an actor, understood: what it is for, by which numbers it is called, what it takes and gives.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, ImplItemFn, Lit, LitStr, Meta, Pat, ReturnType, Token, Type};

use crate::frc42;

/// What a function is for, by its attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Constructor,
    Method,
    View,
    Receive,
    Fallback,
    Upgrade,
}

impl Role {
    /// The role an attribute gives.
    pub fn of(attribute: &Attribute) -> Option<Role> {
        let all = [
            Role::Constructor,
            Role::Method,
            Role::View,
            Role::Receive,
            Role::Fallback,
            Role::Upgrade,
        ];
        all.into_iter()
            .find(|role| attribute.path().is_ident(role.word()))
    }

    /// The attribute's name.
    pub fn word(self) -> &'static str {
        match self {
            Role::Constructor => "constructor",
            Role::Method => "method",
            Role::View => "view",
            Role::Receive => "receive",
            Role::Fallback => "fallback",
            Role::Upgrade => "upgrade",
        }
    }

    /// Whether an actor has it once at most.
    pub fn is_single(self) -> bool {
        !matches!(self, Role::Method | Role::View)
    }
}

/// How a function gets at the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `&self`
    Look,
    /// `&mut self`
    Change,
    /// No `self`.
    Free,
}

/// Who may construct the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creator {
    /// Whoever: the constructor checks.
    Any,
    /// One singleton.
    Id(u64),
}

/// A function of an actor.
pub struct Method {
    pub role: Role,
    pub name: Ident,
    /// The name in the schema.
    pub label: String,
    pub numbers: Vec<u64>,
    pub creator: Creator,
    pub access: Access,
    /// Whether it takes a context.
    pub takes_context: bool,
    pub params: Vec<(Ident, Type)>,
    pub returns: Type,
    /// Whether it returns a `Result`.
    pub fallible: bool,
    pub docs: Vec<Attribute>,
    /// Conditions under which the method exists.
    pub cfgs: Vec<Attribute>,
    /// Where to point at.
    pub span: Span,
}

/// The arguments of an attribute: a number and a name, or who constructs.
#[derive(Default)]
struct Arguments {
    number: Option<(u64, Span)>,
    name: Option<LitStr>,
    creator: Option<Creator>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            if input.peek(Ident) {
                let by: Ident = input.parse()?;
                input.parse::<Token![=]>()?;
                let who: Ident = input.parse()?;
                arguments.creator =
                    Some(match (by.to_string().as_str(), who.to_string().as_str()) {
                        ("by", "system") => Creator::Id(0),
                        ("by", "init") => Creator::Id(1),
                        ("by", "any") => Creator::Any,
                        _ => {
                            return Err(syn::Error::new(
                                by.span(),
                                "use `by = init`, `by = system` or `by = any`",
                            ));
                        }
                    });
            } else {
                match input.parse()? {
                    Lit::Int(number) => {
                        arguments.number = Some((number.base10_parse()?, number.span()))
                    }
                    Lit::Str(name) => arguments.name = Some(name),
                    other => {
                        return Err(syn::Error::new(
                            other.span(),
                            "use a number, a name in quotes, or both",
                        ));
                    }
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Method {
    /// The method a function is, if it has a role.
    pub fn of(function: &ImplItemFn, stateless: bool) -> syn::Result<Option<Method>> {
        let mut roles = function
            .attrs
            .iter()
            .filter_map(|a| Some((Role::of(a)?, a)));
        let Some((role, attribute)) = roles.next() else {
            return Ok(None);
        };
        if let Some((other, attribute)) = roles.next() {
            return Err(syn::Error::new(
                attribute.span(),
                format!(
                    "this is a `#[{}]` already: take one of the two away or make it two functions, the other a `#[{}]`",
                    role.word(),
                    other.word()
                ),
            ));
        }
        let arguments = match &attribute.meta {
            Meta::Path(_) => Arguments::default(),
            Meta::List(list) => syn::parse2(list.tokens.clone())?,
            Meta::NameValue(pair) => {
                return Err(syn::Error::new(
                    pair.span(),
                    "put the arguments in brackets",
                ));
            }
        };
        let signature = &function.sig;
        if let Some(generic) = signature.generics.params.first() {
            return Err(syn::Error::new(
                generic.span(),
                "a method has no generic parameters: write the type out",
            ));
        }
        if let Some(token) = &signature.asyncness {
            return Err(syn::Error::new(
                token.span,
                "a method cannot be async: a call runs to its end",
            ));
        }
        let access = access(signature.inputs.first())?;
        if stateless && access != Access::Free {
            return Err(syn::Error::new(
                signature.inputs.span(),
                "a stateless actor has no `self`: take `ctx: &Context` or `ctx: &mut Context`",
            ));
        }
        let inputs = signature
            .inputs
            .iter()
            .skip(usize::from(access != Access::Free));
        let (context, params) = inputs_of(inputs, access, role)?;
        let (returns, fallible) = returns_of(&signature.output);
        let (label, numbers) = numbers(role, &signature.ident, &arguments)?;
        let method = Method {
            role,
            name: signature.ident.clone(),
            label,
            numbers,
            creator: arguments.creator.unwrap_or(Creator::Id(1)),
            access,
            takes_context: context,
            params,
            returns,
            fallible,
            docs: function
                .attrs
                .iter()
                .filter(|a| a.path().is_ident("doc"))
                .cloned()
                .collect(),
            cfgs: function
                .attrs
                .iter()
                .filter(|a| a.path().is_ident("cfg"))
                .cloned()
                .collect(),
            span: signature.ident.span(),
        };
        method.check_shape(&arguments, attribute)?;
        Ok(Some(method))
    }

    /// What a role demands of the signature.
    fn check_shape(&self, arguments: &Arguments, attribute: &Attribute) -> syn::Result<()> {
        let error = |message: &str| Err(syn::Error::new(self.span, message));
        if arguments.creator.is_some() && self.role != Role::Constructor {
            return Err(syn::Error::new(
                attribute.span(),
                "only a constructor has `by`",
            ));
        }
        match self.role {
            Role::Constructor | Role::Upgrade if self.access != Access::Free => error(
                "it makes the state, so it has no `self`: write `fn new(ctx: &Context, …) -> Result<Self>`",
            ),
            Role::View if self.access == Access::Change => {
                error("a view changes nothing: take `&self`, or make it a `#[method]`")
            }
            Role::Fallback if self.params.len() != 2 => error(
                "a fallback is `fn(ctx: &mut Context, method: MethodNum, params: Option<IpldBlock>) -> Result<Option<IpldBlock>>`",
            ),
            Role::Receive if self.params.len() != 1 => error(
                "it takes what arrived: `fn receive(&mut self, ctx: &Context, received: Received) -> Result<()>`",
            ),
            Role::Upgrade if self.params.is_empty() => error(
                "it is told what it replaces: `fn upgrade(ctx: &mut Context, from: UpgradeInfo, …) -> Result<Self>`",
            ),
            _ => Ok(()),
        }
    }

    /// Whether it returns nothing.
    pub fn returns_unit(&self) -> bool {
        matches!(&self.returns, Type::Tuple(tuple) if tuple.elems.is_empty())
    }
}

/// What the first argument says about `self`.
fn access(first: Option<&FnArg>) -> syn::Result<Access> {
    match first {
        Some(FnArg::Receiver(receiver)) => match (&receiver.reference, &receiver.mutability) {
            (Some(_), Some(_)) => Ok(Access::Change),
            (Some(_), None) => Ok(Access::Look),
            (None, _) => Err(syn::Error::new(
                receiver.span(),
                "take `&self` to look at the state or `&mut self` to change it",
            )),
        },
        _ => Ok(Access::Free),
    }
}

/// Whether the first argument is a context, and the parameters after it.
fn inputs_of<'a>(
    inputs: impl Iterator<Item = &'a FnArg>,
    access: Access,
    role: Role,
) -> syn::Result<(bool, Vec<(Ident, Type)>)> {
    let (mut context, mut params) = (false, Vec::new());
    for (i, input) in inputs.enumerate() {
        let FnArg::Typed(input) = input else { continue };
        if let Type::Reference(reference) = &*input.ty {
            if !is_named(&reference.elem, "Context") {
                return Err(syn::Error::new(
                    input.ty.span(),
                    "parameters are taken by value, as they come out of the message: write `String` for `&str`, `Vec<T>` for `&[T]`",
                ));
            }
            if i != 0 {
                return Err(syn::Error::new(input.span(), "the context comes first"));
            }
            if reference.mutability.is_some() && access != Access::Free {
                return Err(syn::Error::new(
                    input.ty.span(),
                    "while the state is in memory nothing can be sent, or a call back would find the old one: take `ctx: &Context`, or \
                     take no `self` and change the state in `ctx.transaction(…)` before or after sending",
                ));
            }
            if reference.mutability.is_some() && role == Role::View {
                return Err(syn::Error::new(
                    input.ty.span(),
                    "a view changes nothing: take `ctx: &Context`",
                ));
            }
            context = true;
            continue;
        }
        let Pat::Ident(name) = &*input.pat else {
            return Err(syn::Error::new(
                input.pat.span(),
                "give the parameter a name: it stands in the schema",
            ));
        };
        params.push((name.ident.clone(), (*input.ty).clone()));
    }
    Ok((context, params))
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}

/// The value a function returns, and whether it may fail.
fn returns_of(output: &ReturnType) -> (Type, bool) {
    let ReturnType::Type(_, ty) = output else {
        return (syn::parse_quote!(()), false);
    };
    if let Type::Path(path) = &**ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "Result"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(value)) = arguments.args.first()
    {
        return (value.clone(), true);
    }
    ((**ty).clone(), false)
}

/// The name in the schema and the numbers that call a method.
fn numbers(role: Role, function: &Ident, arguments: &Arguments) -> syn::Result<(String, Vec<u64>)> {
    let label = frc42::camel_case(&function.to_string());
    let own = LitStr::new(&label, function.span());
    match role {
        Role::Constructor => Ok(("Constructor".to_owned(), vec![1])),
        Role::Fallback | Role::Upgrade => Ok((label, Vec::new())),
        Role::Receive => {
            let receive = LitStr::new("Receive", function.span());
            Ok(("Receive".to_owned(), vec![frc42::number(&receive)?]))
        }
        Role::Method | Role::View => {
            let mut numbers = Vec::new();
            if let Some((number, span)) = arguments.number {
                match number {
                    0 => {
                        return Err(syn::Error::new(
                            span,
                            "method 0 is a plain send of money and never gets to the actor: begin at 2",
                        ));
                    }
                    1 => {
                        return Err(syn::Error::new(
                            span,
                            "method 1 is the constructor: use `#[constructor]`, or begin at 2",
                        ));
                    }
                    number => numbers.push(number),
                }
            }
            let name = arguments.name.as_ref();
            if numbers.is_empty() || name.is_some() {
                numbers.push(frc42::number(name.unwrap_or(&own))?);
            }
            Ok((name.map_or(label, LitStr::value), numbers))
        }
    }
}
