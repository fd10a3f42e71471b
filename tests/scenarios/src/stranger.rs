//! An actor that is not of the bundle: code that users wrote. It takes what it is sent and says nothing.

use filigree_sdk::prelude::*;

use crate::stage::Stage;

/// Its code, which runs as a part of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger;

#[actor(stateless)]
impl Stranger {
    /// Takes part.
    #[constructor]
    pub fn construct() -> Result<()> {
        Ok(())
    }

    /// Whatever it is called for.
    #[fallback]
    pub fn other(
        _ctx: &mut Context,
        _method: MethodNum,
        _params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>> {
        Ok(None)
    }
}

/// Puts one on the stage; what it does is done by [`Stage::implicit`].
#[track_caller]
pub(crate) fn stranger(stage: &mut Stage) -> ActorID {
    let code = stage.sandbox().install_native::<Stranger>();
    let address = stage
        .sandbox()
        .deploy(&code, StrangerClient::construct())
        .ok();
    stage.id(address)
}

/// Its code's CID.
pub(crate) fn stranger_code(stage: &mut Stage) -> Cid {
    stage.sandbox().install_native::<Stranger>().cid
}
