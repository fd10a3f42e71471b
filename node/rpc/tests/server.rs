//! The server as its callers see it: permissions, codes, batches, channels, pages, the client.

mod common;

use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Node, receive};
use filigree_rpc::method::auth::{AuthNew, AuthVerify};
use filigree_rpc::method::common::{Shutdown, Version};
use filigree_rpc::method::wallet::{
    WalletDefaultAddress, WalletDelete, WalletExport, WalletHas, WalletImport, WalletList,
    WalletNew, WalletSign, WalletValidateAddress, WalletVerify,
};
use filigree_rpc::{Client, ClientError, Limits, Permission, Permissions};
use filigree_wallet::KeyType;
use serde_json::json;
use tungstenite::Message;

fn node() -> Node {
    Node::start(Limits::default())
}

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[]}"#;
const WALLET_LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletList","params":[]}"#;

#[test]
fn who_has_no_token_may_read() {
    let node = node();
    let answer = node.post("", VERSION);
    assert_eq!(answer.status, 200);
    let expected = json!({ "Version": "0.1.0+test", "APIVersion": 0x020300, "BlockDelay": 4, "Agent": "filigree" });
    assert_eq!(answer.json()["result"], expected);
    let refused = node.post("", WALLET_LIST).json();
    let error =
        json!({ "code": 1, "message": "missing permission to invoke 'WalletList' (need 'write')" });
    assert_eq!(refused["error"], error);
}

#[test]
fn a_token_allows_what_it_lists_and_nothing_else() {
    let node = node();
    let write = node
        .services
        .tokens
        .issue(Permissions::of(&[Permission::Write]));
    let bearer = format!("Authorization: Bearer {write}\r\n");
    assert_eq!(node.post(&bearer, WALLET_LIST).json()["result"], json!([]));
    let refused = node.post(&bearer, VERSION).json();
    assert_eq!(
        refused["error"]["message"],
        "missing permission to invoke 'Version' (need 'read')"
    );
    let in_query = node.http(
        "POST",
        &format!("/rpc/v1?a=b&token={write}"),
        "",
        WALLET_LIST.as_bytes(),
    );
    assert_eq!(in_query.json()["result"], json!([]));
}

#[test]
fn a_wrong_token_is_refused_even_for_what_needs_none() {
    let node = node();
    let other = filigree_rpc::Tokens::new([2; 32]).issue(Permissions::all());
    let token = node.token();
    for headers in [
        format!("Authorization: Bearer {other}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        "Authorization: Bearer \r\n".to_owned(),
        "Authorization: Bearer a.b.c\r\n".to_owned(),
        format!("Authorization: Bearer {}\r\n", "a".repeat(6000)),
    ] {
        assert_eq!(node.post(&headers, VERSION).status, 401, "{headers}");
    }
    let in_query = node.http(
        "POST",
        &format!("/rpc/v1?token={other}"),
        "",
        VERSION.as_bytes(),
    );
    assert_eq!(in_query.status, 401);
    let refused =
        Client::new(format!("http://{}/rpc/v1", node.address), Some(&other)).call(Version {});
    assert!(
        matches!(refused, Err(ClientError::WrongToken { .. })),
        "{refused:?}"
    );
}

#[test]
fn errors_have_their_codes() {
    let node = node();
    for (body, code, message) in [
        ("", -32700, ""),
        ("{", -32700, ""),
        ("nonsense", -32700, ""),
        ("[", -32700, ""),
        ("{}", -32600, ""),
        ("7", -32600, ""),
        ("[]", -32600, ""),
        (
            r#"{"jsonrpc":"1.0","id":1,"method":"Filecoin.Version"}"#,
            -32600,
            "",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Nothing"}"#,
            -32601,
            "method 'Filecoin.Nothing' not found",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Version"}"#,
            -32601,
            "method 'Version' not found",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[1]}"#,
            -32602,
            "wrong param count (method 'Filecoin.Version'): 1 != 0",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress"}"#,
            -32602,
            "wrong param count (method 'Filecoin.WalletValidateAddress'): 0 != 1",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress","params":{"text":"f01"}}"#,
            -32602,
            "parameters are passed as a list, by position",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress","params":[7]}"#,
            -32602,
            "text: a string is expected, found another number",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress","params":["f09x"]}"#,
            1,
            "",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Closing"}"#,
            -32601,
            "",
        ),
    ] {
        let answer = node.post("", body);
        assert_eq!(answer.code(), code, "{body}: {}", answer.body);
        if !message.is_empty() {
            assert_eq!(answer.json()["error"]["message"], message, "{body}");
        }
    }
}

#[test]
fn a_batch_is_answered_entry_by_entry() {
    let node = node();
    let batch = format!(
        r#"[{VERSION}, 7, {WALLET_LIST}, {{"jsonrpc":"2.0","method":"Filecoin.Version"}}]"#
    );
    let answer = node.post("", &batch).json();
    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), 3, "a notification has no answer: {answer}");
    assert_eq!(answers[0]["result"]["Agent"], "filigree");
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["error"]["code"], 1);
    let long = format!("[{}]", [VERSION; 101].join(","));
    assert_eq!(node.post("", &long).code(), -32010);
    let whole = format!("[{}]", [VERSION; 100].join(","));
    assert_eq!(node.post("", &whole).json().as_array().unwrap().len(), 100);
}

#[test]
fn a_notification_has_no_answer_and_a_strange_id_is_refused() {
    let node = node();
    let told = node.post("", r#"{"jsonrpc":"2.0","method":"Filecoin.Version"}"#);
    assert_eq!((told.status, told.body.as_str()), (204, ""));
    for id in ["{}", "[1]", "true"] {
        let strange = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"Filecoin.Version"}}"#);
        assert_eq!(node.post("", &strange).code(), -32600, "{id}");
    }
    let null = r#"{"jsonrpc":"2.0","id":null,"method":"Filecoin.Version","params":[]}"#;
    assert!(node.post("", null).json()["result"].is_object());
}

#[test]
fn only_the_path_of_the_methods_answers_requests() {
    let node = node();
    for path in ["/", "/rpc", "/rpc/v0", "/rpc/v2", "/rpc/v1/"] {
        let answer = node.http("POST", path, "", VERSION.as_bytes());
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(node.http("GET", "/rpc/v1", "", b"").status, 405);
    let page = node.http("GET", "/healthz", "", b"");
    assert_eq!((page.status, page.body.as_str()), (200, "well"));
    // Whatever the type is said to be.
    let answer = node.post("Content-Type: text/plain\r\n", VERSION);
    assert_eq!(answer.json()["result"]["Agent"], "filigree");
}

#[test]
fn the_client_speaks_with_the_wallet() {
    let node = node();
    let client = node.client();
    let no_default = client.call(WalletDefaultAddress {}).unwrap_err();
    assert!(
        matches!(no_default, ClientError::Failed { code: 1, .. }),
        "{no_default}"
    );
    for kind in KeyType::ALL {
        let address = client.call(WalletNew { kind }).unwrap();
        assert!(client.call(WalletHas { address }).unwrap());
        let bytes = filigree_rpc::json::Bytes(b"hello".to_vec());
        let signature = client
            .call(WalletSign {
                address,
                bytes: bytes.clone(),
            })
            .unwrap();
        let verify = |bytes| {
            let signature = signature.clone();
            client
                .call(WalletVerify {
                    address,
                    bytes,
                    signature,
                })
                .unwrap()
        };
        assert!(verify(bytes));
        assert!(!verify(filigree_rpc::json::Bytes(b"hell".to_vec())));
        let key = client.call(WalletExport { address }).unwrap();
        client.call(WalletDelete { address }).unwrap();
        assert!(!client.call(WalletHas { address }).unwrap());
        assert_eq!(client.call(WalletImport { key }).unwrap(), address);
        let text = address.to_string();
        assert_eq!(
            client.call(WalletValidateAddress { text }).unwrap(),
            address
        );
    }
    assert_eq!(client.call(WalletList {}).unwrap().len(), 3);
}

#[test]
fn tokens_are_made_and_told() {
    let node = node();
    let client = node.client();
    let permissions = vec![Permission::Read, Permission::Sign];
    let token = client
        .call(AuthNew {
            permissions: permissions.clone(),
        })
        .unwrap();
    let token = String::from_utf8(token.0).unwrap();
    assert_eq!(client.call(AuthVerify { token }).unwrap(), permissions);
    assert!(client.call(AuthVerify { token: "no".into() }).is_err());
}

#[test]
fn shutting_down_is_for_who_manages_the_node() {
    let node = node();
    let reader = Client::new(format!("http://{}/rpc/v1", node.address), None);
    assert!(reader.call(Shutdown {}).is_err());
    assert!(!node.asked_to_shut_down.load(Ordering::Relaxed));
    node.client().call(Shutdown {}).unwrap();
    assert!(node.asked_to_shut_down.load(Ordering::Relaxed));
}

#[test]
fn a_node_that_is_not_there_is_told_as_that() {
    let node = node();
    let client = node.client();
    node.stop();
    let error = client.call(Version {}).unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error}");
}

#[test]
fn a_websocket_answers_and_has_channels() {
    let node = node();
    let mut socket = node.websocket();
    let mut send = |text: &str| {
        socket
            .send(Message::text(text))
            .map(|()| receive(&mut socket))
            .unwrap()
    };
    assert_eq!(
        send(WALLET_LIST),
        json!({ "jsonrpc": "2.0", "id": 1, "result": [] })
    );
    assert_eq!(send("{")["error"]["code"], -32700);
    let batch = send(&format!("[{VERSION},{VERSION}]"));
    assert_eq!(batch.as_array().unwrap().len(), 2);
    let closing = |id: u32| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"Filecoin.Closing","params":[]}}"#)
    };
    assert_eq!(
        send(&format!("[{}]", closing(1)))[0]["error"]["code"],
        -32601
    );
    assert_eq!(
        send(&closing(2)),
        json!({ "jsonrpc": "2.0", "id": 2, "result": 1 })
    );
    assert_eq!(
        send(&closing(3)),
        json!({ "jsonrpc": "2.0", "id": 3, "result": 2 })
    );
    // A channel ends by the id of its request, and is told by its own number.
    let cancelled = send(r#"{"jsonrpc":"2.0","method":"xrpc.cancel","params":[3]}"#);
    assert_eq!(
        cancelled,
        json!({ "jsonrpc": "2.0", "method": "xrpc.ch.close", "params": [2] })
    );
    let cancelled = send(r#"{"jsonrpc":"2.0","method":"xrpc.cancel","params":[2]}"#);
    assert_eq!(cancelled["params"], json!([1]));
    // Not the id of anything any more.
    socket
        .send(Message::text(
            r#"{"jsonrpc":"2.0","method":"xrpc.cancel","params":[2]}"#,
        ))
        .unwrap();
    socket.send(Message::text(VERSION)).unwrap();
    assert_eq!(receive(&mut socket)["result"]["Agent"], "filigree");
}

#[test]
fn channels_of_a_websocket_are_bounded() {
    let limits = Limits {
        channels_per_connection: 2,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    for id in 1..=3 {
        let open =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"Filecoin.Closing","params":[]}}"#);
        socket.send(Message::text(open)).unwrap();
        let answer = receive(&mut socket);
        assert_eq!(answer["error"].is_null(), id < 3, "{answer}");
    }
}

#[test]
fn a_server_stops_while_callers_are_connected() {
    let node = node();
    let mut socket = node.websocket();
    let open = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Closing","params":[]}"#;
    socket.send(Message::text(open)).unwrap();
    assert_eq!(receive(&mut socket)["result"], 1);
    let idle = TcpStream::connect(node.address).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    node.stop();
    drop(idle);
    // What is left is the end of the connection.
    while let Ok(message) = socket.read() {
        assert!(!message.is_text(), "{message}");
    }
}

#[test]
fn who_says_nothing_keeps_nobody_out() {
    let limits = Limits {
        connections: 4,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    let mut silent = Vec::new();
    for _ in 0..12 {
        silent.push(TcpStream::connect(node.address).unwrap());
        assert_eq!(node.http("GET", "/healthz", "", b"").status, 200);
    }
    // A WebSocket is not idle when it says nothing.
    let version = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version"}"#;
    socket.send(Message::text(version)).unwrap();
    assert_eq!(receive(&mut socket)["id"], 1);
}
