//! From the reference's types to plain values. Both versions spell these types alike, yet they are not the same types:
//! hence macros.

/// Applies one [`Step`](super::Step) to a host. What the versions differ in: the message, the texts for a message that
/// makes no sense, where the codec of the return data is, and the events of a trace that only one of them knows.
macro_rules! apply {
    ($host:expr, $step:expr, $message:expr, $invalid:expr, $codec:expr, $further:expr) => {{
        let kind = match $step.implicit {
            true => ApplyKind::Implicit,
            false => ApplyKind::Explicit,
        };
        let result = $host.execute_message($message, kind, $step.length);
        let root = $host.flush().map_err(|e| format!("{e:#}"));
        Ok(match result {
            Ok(applied) => Outcome {
                failure: applied
                    .failure_info
                    .as_ref()
                    .map_or(String::new(), |f| f.to_string()),
                applied: Ok(plain!(applied, $codec, $further)),
                root,
            },
            Err(e) => Outcome {
                failure: format!("{e:#}"),
                applied: Err(Refused::of_reference(format!("{e:#}"), $invalid)),
                root,
            },
        })
    }};
}

macro_rules! plain {
    ($ret:ident, $codec:expr, $further:expr) => {
        Applied {
            exit_code: $ret.msg_receipt.exit_code.value(),
            return_codec: $codec(&$ret),
            gas_used: $ret.msg_receipt.gas_used,
            events_root: $ret.msg_receipt.events_root,
            events: $ret
                .events
                .into_iter()
                .map(|e| {
                    let entries = e.event.entries.into_iter();
                    let entries = entries.map(|n| (n.flags.bits(), n.key, n.codec, n.value));
                    (e.emitter, entries.collect())
                })
                .collect(),
            penalty: $ret.penalty.atto().to_string(),
            miner_tip: $ret.miner_tip.atto().to_string(),
            base_fee_burn: $ret.base_fee_burn.atto().to_string(),
            over_estimation_burn: $ret.over_estimation_burn.atto().to_string(),
            refund: $ret.refund.atto().to_string(),
            gas_refund: $ret.gas_refund,
            gas_burned: $ret.gas_burned,
            explained: $ret.failure_info.is_some(),
            trace: trace_lines!($ret.exec_trace, $further),
            return_data: $ret.msg_receipt.return_data.to_vec(),
        }
    };
}

macro_rules! trace_lines {
    ($trace:expr, $further:expr) => {{
        let mut lines = trace::Lines::default();
        for event in &$trace {
            match event {
                ExecutionEvent::GasCharge(charge) => lines.gas(charge.total().as_milligas()),
                ExecutionEvent::Call {
                    from,
                    to,
                    method,
                    params,
                    value,
                    gas_limit,
                    read_only,
                } => lines.event(
                    trace::Called {
                        from: *from,
                        to: to.to_bytes(),
                        method: *method,
                        params: params.as_ref().map(|b| (b.codec, b.data.as_slice())),
                        value: value.atto().to_string(),
                        gas_limit: *gas_limit,
                        read_only: *read_only,
                    }
                    .line(),
                ),
                ExecutionEvent::InvokeActor { id, state } => lines.event(trace::invoked(
                    *id,
                    &state.code,
                    &state.state,
                    state.sequence,
                    state.balance.atto().to_string(),
                )),
                ExecutionEvent::CallReturn(code, value) => {
                    let value = value.as_ref().map(|b| (b.codec, b.data.as_slice()));
                    lines.returned(code.value(), value);
                }
                ExecutionEvent::CallError(error) => lines.event(trace::refused(error.1 as u32)),
                other => lines.event($further(other)),
            }
        }
        lines.finish()
    }};
}
