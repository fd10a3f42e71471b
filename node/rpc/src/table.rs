//! The table of methods: each is one row, which says its name, who may call it, what it takes and gives, and what runs it.
//!
//! Everything else is read from the rows: what the server answers, `rpc.discover`, and the typed requests of the client.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::error::{Reply, RpcError};
use crate::json::{Json, Schemas, to_text};
use crate::permission::Permission;
use crate::services::Services;

/// A request: its name, its parameters and the type of its result. Made by [`methods!`](crate::methods).
pub trait Method {
    /// With the namespace: `Filecoin.ChainHead`.
    const NAME: &'static str;
    /// What it gives.
    type Result: Json;
    /// The parameters as a JSON list.
    fn params(&self) -> String;
}

/// One method.
#[derive(Debug)]
pub struct Row {
    /// With the namespace: `Filecoin.ChainHead`.
    pub name: &'static str,
    /// Who may call it.
    pub permission: Permission,
    /// What it does, as a doc comment.
    pub doc: &'static str,
    /// What it takes, in this order.
    pub params: &'static [Param],
    /// Schema of what it gives.
    pub result: fn(&mut Schemas) -> Value,
    /// What runs it.
    pub run: Run,
}

/// A parameter of a method.
#[derive(Debug)]
pub struct Param {
    /// Its name; parameters are passed by position.
    pub name: &'static str,
    /// What it is, as a doc comment; often empty.
    pub doc: &'static str,
    /// Its schema.
    pub schema: fn(&mut Schemas) -> Value,
}

/// What runs a method, given as many parameters as it takes. All give JSON.
#[derive(Debug)]
pub enum Run {
    /// Computes and reads files: on a thread of its own, one of a bounded number, for a limited time.
    Blocking(fn(&Services, Vec<Value>) -> Reply<String>),
    /// Waits for the chain, as long as the caller does.
    Waiting(fn(Arc<Services>, Vec<Value>) -> Future<Reply<String>>),
    /// Sends values as they come, over WebSocket only.
    Channel(OpenChannel),
}

/// Opens a channel.
pub type OpenChannel = fn(&Services, Vec<Value>) -> Reply<Box<dyn Source>>;

/// A boxed future.
pub type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// Values that come one after the other, as JSON.
pub trait Source: Send {
    /// The next one; none if there will be no more.
    fn next(&mut self) -> Pin<Box<dyn std::future::Future<Output = Option<String>> + Send + '_>>;
}

impl<T: Json + Send> Source for mpsc::Receiver<T> {
    fn next(&mut self) -> Pin<Box<dyn std::future::Future<Output = Option<String>> + Send + '_>> {
        Box::pin(async { self.recv().await.map(|value| to_text(&value)) })
    }
}

impl Row {
    /// The name without the namespace: `ChainHead`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

/// The next parameter, of the type that the method takes.
///
/// # Errors
/// When it is of another shape.
pub fn read_param<T: Json>(params: &mut std::vec::IntoIter<Value>, name: &'static str) -> Reply<T> {
    T::read(params.next().unwrap_or(Value::Null))
        .map_err(|e| RpcError::params(e.at(name).to_string()))
}

/// Writes a list of values of different types.
#[derive(Default, Debug)]
pub struct ListWriter(String);

impl ListWriter {
    /// Adds one.
    pub fn add(&mut self, value: &impl Json) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        value.write(&mut self.0);
    }

    /// The list.
    pub fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('[');
        }
        self.0.push(']');
        self.0
    }
}

/// Declares methods: `Filecoin:`, then rows `[permission] Name(parameter: Type) -> Result = function;`.
///
/// `[read]` rows are functions of `(&Services, parameters…) -> Reply<Result>`; `[read wait]` rows are `async` functions of
/// `(Arc<Services>, parameters…)`; `[read channel]` rows give a `Reply<mpsc::Receiver<Result>>`.
#[macro_export]
macro_rules! methods {
    ($namespace:ident: $(
        $(#[doc = $doc:literal])+
        [$permission:ident $($kind:ident)?] $name:ident (
            $( $(#[doc = $param_doc:literal])* $param:ident: $type:ty ),* $(,)?
        ) -> $result:ty = $run:ident;
    )*) => {
        $(
            $(#[doc = $doc])+
            #[allow(missing_docs)]
            #[derive(Clone, PartialEq, Debug)]
            pub struct $name {
                $( $(#[doc = $param_doc])* pub $param: $type, )*
            }

            impl $crate::table::Method for $name {
                const NAME: &'static str = concat!(stringify!($namespace), ".", stringify!($name));
                type Result = $result;

                fn params(&self) -> String {
                    #[allow(unused_mut)]
                    let mut list = $crate::table::ListWriter::default();
                    $( list.add(&self.$param); )*
                    list.end()
                }
            }
        )*

        /// The methods of this namespace.
        pub const ROWS: &[$crate::table::Row] = &[ $( $crate::table::Row {
            name: <$name as $crate::table::Method>::NAME,
            permission: $crate::methods!(@permission $permission),
            doc: concat!($($doc, "\n"),+),
            params: &[ $( $crate::table::Param {
                name: stringify!($param),
                doc: concat!($($param_doc, "\n"),*),
                schema: <$type as $crate::json::Json>::schema,
            }, )* ],
            result: <$result as $crate::json::Json>::schema,
            run: $crate::methods!(@run $($kind)? $run ($($param: $type),*)),
        }, )* ];
    };

    (@permission read) => { $crate::permission::Permission::Read };
    (@permission write) => { $crate::permission::Permission::Write };
    (@permission sign) => { $crate::permission::Permission::Sign };
    (@permission admin) => { $crate::permission::Permission::Admin };

    (@run wait $run:ident ($($param:ident: $type:ty),*)) => {
        $crate::table::Run::Waiting(|services, params| Box::pin(async move {
            #[allow(unused_mut)]
            let mut params = params.into_iter();
            let result = $run(services, $( $crate::table::read_param::<$type>(&mut params, stringify!($param))? ),*).await?;
            drop(params);
            Ok($crate::json::to_text(&result))
        }))
    };
    (@run channel $run:ident ($($param:ident: $type:ty),*)) => {
        $crate::table::Run::Channel(|services, params| {
            #[allow(unused_mut)]
            let mut params = params.into_iter();
            let source = $run(services, $( $crate::table::read_param::<$type>(&mut params, stringify!($param))? ),*)?;
            drop(params);
            Ok(Box::new(source))
        })
    };
    (@run $run:ident ($($param:ident: $type:ty),*)) => {
        $crate::table::Run::Blocking(|services, params| {
            #[allow(unused_mut)]
            let mut params = params.into_iter();
            let result = $run(services, $( $crate::table::read_param::<$type>(&mut params, stringify!($param))? ),*)?;
            drop(params);
            Ok($crate::json::to_text(&result))
        })
    };
}
