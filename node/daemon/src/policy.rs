//! Rules that a network has chosen, in place of those that are usual on development networks.

use filigree_consensus::ChainConfig;
use filigree_genesis::devnet::Policy;

/// Puts what a network has chosen in place of what is usual.
pub fn apply(policy: &Policy, config: &mut ChainConfig) {
    fn choose<T>(place: &mut T, chosen: Option<T>) {
        if let Some(chosen) = chosen {
            *place = chosen;
        }
    }
    // Every rule: a new one does not compile without a line here.
    let Policy {
        blocks_per_epoch,
        finality_epochs,
        power_lookback_epochs,
        ticket_lookback_epochs,
        min_miner_power_bytes,
        max_message_bytes,
        propagation_delay_seconds,
        clock_drift_seconds,
    } = *policy;
    choose(&mut config.blocks_per_epoch, blocks_per_epoch);
    choose(&mut config.finality_epochs, finality_epochs);
    choose(&mut config.power_lookback_epochs, power_lookback_epochs);
    choose(&mut config.ticket_lookback_epochs, ticket_lookback_epochs);
    choose(&mut config.min_miner_power_bytes, min_miner_power_bytes);
    choose(&mut config.max_message_bytes, max_message_bytes);
    choose(
        &mut config.propagation_delay_seconds,
        propagation_delay_seconds,
    );
    choose(&mut config.clock_drift_seconds, clock_drift_seconds);
}

#[cfg(test)]
mod tests {
    use filigree_consensus::config::Devnet;
    use filigree_genesis::devnet::EXAMPLE;
    use fvm_shared::version::NetworkVersion;

    use super::*;

    fn devnet() -> ChainConfig {
        ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: [7; 96],
        })
    }

    #[test]
    fn what_a_network_has_chosen_goes_before_what_is_usual() {
        let usual = devnet();
        // As its template says it; what the commented one says is what is usual.
        let comments = EXAMPLE.split("# [policy]").nth(1).unwrap();
        let comments = comments.split("# Who has money").next().unwrap();
        let lines = comments.lines().filter_map(|line| line.strip_prefix("# "));
        let rows: Vec<(&str, i64)> = lines
            .filter_map(|line| line.split_once(" = "))
            .filter_map(|(key, value)| Some((key, value.parse().ok()?)))
            .collect();
        assert_eq!(rows.len(), 8, "{rows:?}");
        let config = |change: i64| {
            let line = |(key, value): &(&str, i64)| format!("{key} = {}\n", value + change);
            let policy: String = rows.iter().map(line).collect();
            let mut config = devnet();
            apply(&toml::from_str(&policy).unwrap(), &mut config);
            config
        };
        assert_eq!(config(0), usual);
        let chosen = toml::Value::try_from(config(7)).unwrap();
        let usual = toml::Value::try_from(usual).unwrap();
        for (key, value) in rows {
            let found = [&usual, &chosen].map(|config| config[key].as_integer().unwrap());
            assert_eq!(found, [value, value + 7], "{key}");
        }
    }
}
