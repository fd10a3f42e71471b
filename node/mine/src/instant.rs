//! Blocks when there is something to put into them: as soon as a message arrives, epochs are mined until it is in a block, and
//! one more, whose block says what came of it.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use filigree_mempool::Event;
use filigree_sync::base_on;
use tracing::warn;

use crate::mining::{AdvanceError, Inner};

/// Events of the pool that wait to be heard.
const QUEUE: usize = 1_024;
/// Most epochs in a row for messages that do not come into a block.
const MOST_EPOCHS: usize = 64;
/// How often is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// How long messages that come together are waited for.
const GATHER: Duration = Duration::from_millis(5);

/// Mines for messages until it is told to stop.
pub(crate) fn run(inner: &Arc<Inner>) {
    let mut events = inner.parts.pool.subscribe(QUEUE);
    let mut came = true;
    while !inner.stop.is_stopped() {
        if came {
            came = false;
            match mine(inner) {
                Ok(()) | Err(AdvanceError::Stopped) => {}
                Err(error) => warn!(%error, "messages wait, and no block could be made for them"),
            }
        }
        match events.recv_timeout(LOOK) {
            Ok(Event::Added(_)) => came = inner.stop.wait(GATHER),
            Ok(Event::Removed(..)) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // Too much happened to be told.
                events = inner.parts.pool.subscribe(QUEUE);
                came = true;
            }
        }
        while let Ok(event) = events.try_recv() {
            came |= matches!(event, Event::Added(_));
        }
    }
}

/// Mines while there are messages for a block, or a head whose messages' receipts are in no block yet.
fn mine(inner: &Inner) -> Result<(), AdvanceError> {
    for _ in 0..MOST_EPOCHS {
        if !has_messages(inner) && !is_news(inner) {
            return Ok(());
        }
        inner.advance(1)?;
    }
    Ok(())
}

/// Whether the head has messages: what came of them is in the next block. A miner that comes second in an epoch may have taken
/// messages that came after the first.
fn is_news(inner: &Inner) -> bool {
    let head = inner.parts.chain.head();
    match inner.parts.states.messages(&head) {
        Ok(messages) => !messages.is_empty(),
        Err(error) => {
            warn!(%error, "the messages of the head cannot be read");
            false
        }
    }
}

/// Whether a block on the head would have messages.
fn has_messages(inner: &Inner) -> bool {
    let (chain, states, pool) = (&inner.parts.chain, &inner.parts.states, &inner.parts.pool);
    if pool.is_empty() {
        return false;
    }
    let selected = base_on(chain, states, &chain.head())
        .map_err(anyhow::Error::from)
        .and_then(|base| pool.select(&base, 1.0));
    match selected {
        Ok(selected) => !selected.is_empty(),
        Err(error) => {
            warn!("messages cannot be selected: {error:#}");
            false
        }
    }
}
