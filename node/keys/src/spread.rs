//! Work in parts, on several threads: aggregates and signatures of a block are many.

use std::io;
use std::thread::{self, Builder, ScopedJoinHandle};

/// What `work` makes of each part, in the order of the parts. Each has a thread of its own, but for the first, which is done here;
/// as is what the system gives no thread for, in a container with few, say.
///
/// # Panics
/// When `work` does.
pub fn spread<P, T>(parts: impl IntoIterator<Item = P>, work: impl Fn(P) -> T + Sync) -> Vec<T>
where
    P: Copy + Send,
    T: Send,
{
    spread_on(Builder::new, parts, work)
}

fn spread_on<P, T>(
    builder: fn() -> Builder,
    parts: impl IntoIterator<Item = P>,
    work: impl Fn(P) -> T + Sync,
) -> Vec<T>
where
    P: Copy + Send,
    T: Send,
{
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<(P, io::Result<ScopedJoinHandle<'_, T>>)> = parts
            .map(|part| (part, builder().spawn_scoped(scope, move || work(part))))
            .collect();
        let mut done = vec![work(first)];
        for (part, thread) in others {
            done.push(match thread {
                Ok(thread) => thread.join().expect("no panic in it"),
                Err(_) => work(part),
            });
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_done_in_order_with_or_without_threads() {
        let here = thread::current().id();
        let work = |part: u64| (part * part, thread::current().id() == here);
        let squares = |done: Vec<(u64, bool)>| -> Vec<u64> {
            done.into_iter().map(|(square, _)| square).collect()
        };
        let expected: Vec<u64> = (0..20).map(|part| part * part).collect();

        let done = spread(0..20, work);
        assert_eq!(done.iter().filter(|(_, is_here)| *is_here).count(), 1);
        assert_eq!(expected, squares(done));

        // No machine has such a stack.
        let impossible = || Builder::new().stack_size(1 << 60);
        assert!(impossible().spawn(|| ()).is_err());
        let done = spread_on(impossible, 0..20, work);
        assert!(done.iter().all(|(_, is_here)| *is_here));
        assert_eq!(expected, squares(done));

        assert!(spread(0..0, work).is_empty());
    }
}
