//! `gas` as it is run, on a mock of a project: its test leaves what sandboxes would have left.

use std::path::PathBuf;
use std::process::{Command, Output};

struct Mock(tempfile::TempDir);

impl Mock {
    fn new() -> Mock {
        let mock = Mock(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(mock.path("src")).unwrap();
        mock.write(
            "Cargo.toml",
            "[package]\nname = \"mock\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        );
        mock.write(
            "src/lib.rs",
            r#"
            #[test]
            fn calls() {
                let file = std::env::var_os("FILIGREE_GAS_REPORT").unwrap();
                std::fs::copy("calls.jsonl", file).unwrap();
            }
            "#,
        );
        mock
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// What the test's calls of `Counter.Increment` cost from now on, by code.
    fn costs(&self, codes: &[(&str, u64)]) {
        let line = |(code, gas): &(&str, u64)| {
            format!(
                "{{\"actor\":\"Counter\",\"method\":\"Increment\",\"code\":\"{code}\",\"gas\":[{gas}],\"failed\":0}}\n"
            )
        };
        self.write("calls.jsonl", codes.iter().map(line).collect::<String>());
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// Asserts the exit code; gives what was printed, and to where progress goes.
    #[track_caller]
    fn ends(&self, code: i32, line: &str) -> (String, String) {
        let output = self.run(line);
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(code), "{line}: {err}");
        assert!(!err.contains("panicked at toolchain"), "{line}: {err}");
        (out, err)
    }
}

#[test]
fn what_is_dearer_does_not_replace_what_it_is_compared_with() {
    let mock = Mock::new();
    mock.costs(&[("bafkone", 1_000)]);
    mock.ends(0, "gas --save gas.json");
    let before = mock.read("gas.json");
    let both = "gas --save gas.json --compare gas.json";
    // Code that changed is compared with the one before it.
    mock.costs(&[("bafktwo", 1_100)]);
    for _ in 0..2 {
        let (out, err) = mock.ends(1, both);
        assert!(out.contains("+10.0 %"), "{out}");
        assert!(
            err.contains("Counter.Increment became dearer: 1,000 to 1,100 gas"),
            "{err}"
        );
        assert!(err.contains("gas.json was not written"), "{err}");
        assert_eq!(mock.read("gas.json"), before);
    }
    mock.ends(0, &format!("{both} --limit 10"));
    assert!(mock.read("gas.json").contains("1100"));
    mock.costs(&[("bafkthree", 900)]);
    let (out, _) = mock.ends(0, both);
    assert!(out.contains("-18.1 %"), "{out}");
}

#[test]
fn two_codes_of_one_name_are_compared_each_with_its_own() {
    let mock = Mock::new();
    mock.costs(&[("bafk000001", 1_000), ("bafk000002", 5_000)]);
    mock.ends(0, "gas --save gas.json");
    // The first stays, the second is new code.
    mock.costs(&[("bafk000001", 1_000), ("bafk000003", 5_500)]);
    let (out, err) = mock.ends(1, "gas --compare gas.json");
    assert!(out.contains("+0.0 %") && out.contains("+10.0 %"), "{out}");
    assert!(
        err.contains("Counter.Increment (code …000003) became dearer"),
        "{err}"
    );
    // Nothing tells which belongs to which.
    mock.costs(&[("bafk000004", 1_000), ("bafk000005", 5_500)]);
    let (out, err) = mock.ends(0, "gas --compare gas.json");
    assert!(!out.contains('%'), "{out}");
    assert!(
        err.contains("Counter.Increment (code …000001) was not called any more"),
        "{err}"
    );
    // A report from before codes were in it.
    let old = r#"[{"actor":"Counter","method":"Increment","calls":1,"failed":0,"min":9,"median":9,"max":9}]"#;
    mock.write("gas.json", old);
    mock.costs(&[("bafk000001", 10)]);
    let (out, _) = mock.ends(1, "gas --compare gas.json");
    assert!(out.contains("+11.1 %"), "{out}");
}

#[test]
fn damaged_reports_are_refused() {
    let mock = Mock::new();
    mock.costs(&[("bafkone", 1_000)]);
    mock.ends(0, "gas --save good.json");
    let good = mock.read("good.json").into_bytes();
    let mut damaged: Vec<Vec<u8>> = (0..good.len() - 1)
        .step_by(9)
        .map(|n| good[..n].to_vec())
        .collect();
    damaged.push(b"\xff\xfe\0\x1b[2J".to_vec());
    damaged.push(b"[".repeat(100_000));
    damaged.push(good.repeat(2));
    for key in ["actor", "calls", "median"] {
        let other = mock.read("good.json").replace(key, "\\u001b[2J");
        damaged.push(other.into_bytes());
    }
    for number in ["-1", "1e99", "18446744073709551616", "\"1000\""] {
        let other = mock.read("good.json").replace("1000", number);
        damaged.push(other.into_bytes());
    }
    assert!(damaged.len() > 20);
    for bytes in damaged {
        mock.write("bad.json", &bytes);
        let (out, err) = mock.ends(1, "gas --compare bad.json --save good.json");
        assert!(
            err.starts_with("error: ") && err.contains("bad.json"),
            "{err}"
        );
        assert!(out.is_empty() && !err.contains('\x1b'), "{out}{err}");
    }
    assert_eq!(mock.read("good.json").as_bytes(), good);
    mock.ends(1, "gas --compare none.json");
    // A hostile report that is one.
    let large = mock
        .read("good.json")
        .replace("1000", &u64::MAX.to_string());
    mock.write("large.json", large);
    mock.ends(0, &format!("gas --compare large.json --limit {}", u64::MAX));
}
