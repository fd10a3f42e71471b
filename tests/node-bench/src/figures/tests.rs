//! Ratios, medians, and what is printed of them.

use super::*;

fn figures(apply: f64) -> Figures {
    let tipset = TipsetFigures {
        of: "payments".to_owned(),
        messages: 1_000,
        bls: 500,
        gas: 0,
        host_ms: vec![100.0, 90.0, 110.0],
        apply_ms: vec![apply; 3],
        signatures_ms: vec![300.0; 3],
        check_ms: vec![310.0; 3],
    };
    Figures {
        tipsets: Some(vec![tipset]),
        ..Figures::new().unwrap()
    }
}

#[test]
fn a_missed_aim_is_said() {
    let met = figures(125.0).to_string();
    assert!(met.contains("bare host: met"), "{met}");
    let missed = figures(126.0).to_string();
    assert!(missed.contains("bare host: MISSED"), "{missed}");
}

#[test]
fn what_is_the_same_for_more_messages_is_not_in_the_margin() {
    let mut figures = figures(0.0);
    let tipsets = figures.tipsets.as_mut().unwrap();
    // A constant of 60 ms on both sides; each message costs the node twice what it costs the host.
    let mut of = |messages: usize, millis: f64| {
        let tipset = TipsetFigures {
            messages,
            host_ms: vec![60.0 + millis, 61.0 + millis, 59.0 + millis],
            apply_ms: vec![60.0 + 2.0 * millis; 3],
            ..tipsets[0].clone()
        };
        tipsets.push(tipset);
    };
    of(1_000, 4.0);
    of(5_000, 20.0);
    tipsets.remove(0);
    assert!(tipsets[1].overhead() < 1.26);
    let margin = tipsets[1].overhead_at_the_margin(&tipsets[0]).unwrap();
    assert!((margin - 2.0).abs() < 0.01, "{margin}");
    assert_eq!(tipsets[0].overhead_at_the_margin(&tipsets[1].clone()), None);
    let text = figures.to_string();
    assert!(text.contains("from 1000 to 5000 payments: 2.000"), "{text}");
}

#[test]
fn messages_a_second_are_of_the_whole_validation() {
    let text = figures(190.0).to_string();
    // 500 ms for 1,000 messages.
    assert!(text.contains("        2000"), "{text}");
}

#[test]
fn medians_are_in_the_middle() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    assert_eq!(median(&[]), None);
}

#[test]
fn an_epoch_has_what_the_genesis_had_not() {
    let epochs = EpochFigures {
        epochs: 10,
        took_s: 1.0,
        first_mib: 1.0,
        last_mib: 1.0,
        peak_mib: 1.0,
        genesis_bytes: 1_000,
        before_bytes: 3_000,
        after_bytes: 900,
        collection_s: 1.0,
        deleted_blocks: 1,
        kept_blocks: 1,
    };
    assert_eq!(epochs.per_epoch(epochs.before_bytes), 200.0);
    assert_eq!(epochs.per_epoch(epochs.after_bytes), 0.0);
}
