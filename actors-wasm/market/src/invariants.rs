//! What must hold of the market's state.
