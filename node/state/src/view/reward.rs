//! Rewards: what an epoch mints.

use filigree_actor_reward::Reward;
use filigree_builtin::ids as singleton;

use super::View;
use crate::error::Error;

impl View {
    /// The reward actor's state: this epoch's reward, smoothed and not, and the baseline.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn reward(&self) -> Result<Reward, Error> {
        self.singleton("the reward actor's state", singleton::REWARD)
    }
}
