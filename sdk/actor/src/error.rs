//! How an actor fails: an exit code, a message for people, and perhaps data for the caller.

use std::borrow::Cow;
use std::fmt;

use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::error::{ErrorNumber, ExitCode};

/// The reason an actor gives up. All it did in this call is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The exit code, from 16 on; codes below are the system's.
    pub code: ExitCode,
    /// For people; never on chain.
    pub message: Cow<'static, str>,
    /// For the caller.
    pub data: Option<IpldBlock>,
}

/// The result of a method.
pub type Result<T> = std::result::Result<T, Error>;

/// One constructor for each standard exit code.
macro_rules! kinds {
    ($($name:ident $code:ident $doc:literal;)*) => {
        impl Error {
            $(
                #[doc = concat!($doc, " (`", stringify!($code), "`).")]
                pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
                    Self::new(ExitCode::$code, message)
                }
            )*
        }
    };
}

kinds! {
    illegal_argument USR_ILLEGAL_ARGUMENT "The parameters make no sense";
    not_found USR_NOT_FOUND "What was asked for does not exist";
    forbidden USR_FORBIDDEN "The caller may not do this";
    insufficient_funds USR_INSUFFICIENT_FUNDS "There is not enough money";
    illegal_state USR_ILLEGAL_STATE "The actor's own state is wrong";
    serialization USR_SERIALIZATION "Bytes that should hold a value do not";
    unhandled USR_UNHANDLED_MESSAGE "The actor has no such method";
    unspecified USR_UNSPECIFIED "Anything else";
    assertion_failed USR_ASSERTION_FAILED "A bug of the actor";
    read_only USR_READ_ONLY "A read-only call cannot do this";
    not_payable USR_NOT_PAYABLE "The method takes no money";
}

impl Error {
    /// An error with any exit code from 16 on.
    pub fn new(code: ExitCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// With data for the caller.
    pub fn with_data(mut self, data: IpldBlock) -> Self {
        self.data = Some(data);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (exit code {})", self.message, self.code)
    }
}

impl std::error::Error for Error {}

impl From<ErrorNumber> for Error {
    /// A refused syscall that the actor did not expect.
    fn from(number: ErrorNumber) -> Self {
        let code = match number {
            ErrorNumber::IllegalArgument => ExitCode::USR_ILLEGAL_ARGUMENT,
            ErrorNumber::Forbidden | ErrorNumber::IllegalOperation => ExitCode::USR_FORBIDDEN,
            ErrorNumber::InsufficientFunds => ExitCode::USR_INSUFFICIENT_FUNDS,
            ErrorNumber::NotFound => ExitCode::USR_NOT_FOUND,
            ErrorNumber::Serialization => ExitCode::USR_SERIALIZATION,
            ErrorNumber::ReadOnly => ExitCode::USR_READ_ONLY,
            _ => ExitCode::USR_UNSPECIFIED,
        };
        Self::new(code, "a syscall was refused")
    }
}

impl From<fvm_ipld_encoding::Error> for Error {
    fn from(error: fvm_ipld_encoding::Error) -> Self {
        Self::serialization(error.to_string())
    }
}

/// Leaves the method with an error unless a condition holds: `ensure!(amount > 0, illegal_argument, "nothing to send")`. The second
/// argument names a constructor of [`Error`], the rest is as for `format!`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $kind:ident, $message:literal) => {
        if !$condition {
            return Err($crate::error::Error::$kind($crate::error::text(format_args!($message))));
        }
    };
    ($condition:expr, $kind:ident, $($message:tt)+) => {
        if !$condition {
            return Err($crate::error::Error::$kind($crate::__private::format!($($message)+)));
        }
    };
}

/// The text of a message, without copying it if it has no arguments.
#[doc(hidden)]
pub fn text(message: fmt::Arguments<'_>) -> Cow<'static, str> {
    match message.as_str() {
        Some(text) => text.into(),
        None => message.to_string().into(),
    }
}
