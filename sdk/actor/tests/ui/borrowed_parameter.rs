//! A parameter that is borrowed.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Book {
    title: String,
}

#[actor]
impl Book {
    #[method]
    pub fn rename(&mut self, title: &str) {
        self.title = title.to_owned();
    }
}

fn main() {}
