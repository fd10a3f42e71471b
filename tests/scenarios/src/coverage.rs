//! Which methods of the actors the scenarios reach, and which they should.

use std::collections::BTreeSet;

use filigree_schema::MethodKind;
use fvm_shared::MethodNum;

use crate::compare::Schemas;
use crate::record::{Node, Step};
use crate::stage::Stage;

/// A method of an actor: the name of the actor's code, and the number.
pub type Method = (String, MethodNum);

/// Every method that our actors have by number: fallbacks take the others.
pub fn methods(stage: &Stage) -> BTreeSet<Method> {
    let schemas = Schemas::of(stage);
    let mut methods = BTreeSet::new();
    for name in stage.names().all() {
        let all = schemas
            .actor(name)
            .map_or(&[][..], |schema| &schema.methods);
        let named = all
            .iter()
            .filter(|method| method.kind != MethodKind::Fallback);
        methods.extend(named.map(|method| (name.to_owned(), method.number)));
    }
    methods
}

/// The methods that were called in these steps, by anyone, and succeeded.
pub fn succeeded(steps: &[Step]) -> BTreeSet<Method> {
    let mut found = BTreeSet::new();
    for call in steps
        .iter()
        .flat_map(|step| &step.runs)
        .filter_map(|run| run.call.as_ref())
    {
        add(call, &mut found);
    }
    found
}

fn add(call: &Node, found: &mut BTreeSet<Method>) {
    if let (0, Some((_, name))) = (call.exit_code, &call.reached) {
        found.insert((name.clone(), call.method));
    }
    for call in &call.calls {
        add(call, found);
    }
}
