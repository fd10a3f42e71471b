//! A gateway on this machine that does what it is told: one behaviour for each connection, the last one for all later.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with one request.
#[derive(Clone)]
pub enum Behaviour {
    /// Sends what is asked for.
    Serve,
    /// Sends the whole file, whatever range is asked for.
    IgnoreRange,
    /// Promises all that is asked for, sends so many bytes of it, and closes the connection.
    DropAfter(usize),
    /// As [`DropAfter`](Self::DropAfter), with the whole file promised.
    IgnoreRangeAndDropAfter(usize),
    /// Sends other bytes, as many as asked for.
    WrongBytes,
    /// Sends a range that starts so many bytes later than asked for.
    ShiftRange(usize),
    /// Sends more bytes than the file has, without saying how many.
    TooMany,
    /// Says that the file has one byte more.
    WrongTotal,
    /// Answers with a status.
    Status(u16),
    /// Answers nothing, and keeps the connection.
    Silence,
    /// Answers what is no HTTP.
    Garbage,
}

/// A running server. Its thread ends with the process.
pub struct Server {
    /// What a CID is put behind.
    pub url: String,
    /// The start of the range of each request, and its path.
    pub requests: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Server {
    /// Starts to serve a file under every path.
    pub fn start(file: &[u8], behaviours: Vec<Behaviour>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/ipfs/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let file = file.to_vec();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let behaviour = behaviours[number.min(behaviours.len() - 1)].clone();
                let (file, seen) = (file.clone(), seen.clone());
                // A client that goes away is none of the server's business.
                thread::spawn(move || answer(stream.unwrap(), &file, &behaviour, &seen).ok());
            }
        });
        Server { url, requests }
    }

    /// Where each request asked to start.
    pub fn starts(&self) -> Vec<usize> {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .map(|(start, _)| *start)
            .collect()
    }
}

fn answer(
    mut stream: TcpStream,
    file: &[u8],
    behaviour: &Behaviour,
    seen: &Mutex<Vec<(usize, String)>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    let path = request.split(' ').nth(1).unwrap_or("").to_owned();
    let mut start = 0;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            start = range.trim_end_matches('-').parse().unwrap();
        }
    }
    seen.lock().unwrap().push((start, path));
    let total = file.len();
    if start >= total && matches!(behaviour, Behaviour::Serve) {
        let head = format!(
            "HTTP/1.1 416 X\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
        );
        return stream.write_all(head.as_bytes());
    }
    match behaviour {
        Behaviour::Serve => send(stream, file, start, usize::MAX),
        Behaviour::IgnoreRange => send(stream, file, 0, usize::MAX),
        Behaviour::DropAfter(count) => send(stream, file, start, *count),
        Behaviour::IgnoreRangeAndDropAfter(count) => send(stream, file, 0, *count),
        Behaviour::WrongBytes => {
            let wrong: Vec<u8> = file.iter().map(|byte| byte ^ 1).collect();
            send(stream, &wrong, start, usize::MAX)
        }
        Behaviour::ShiftRange(count) => send(stream, file, start + count, usize::MAX),
        Behaviour::TooMany => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            stream.write_all(file)?;
            stream.write_all(file)
        }
        Behaviour::WrongTotal => {
            let mut longer = file.to_vec();
            longer.push(0);
            send(stream, &longer, start, usize::MAX)
        }
        Behaviour::Status(status) => {
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes())
        }
        Behaviour::Silence => {
            thread::sleep(std::time::Duration::from_secs(20));
            Ok(())
        }
        Behaviour::Garbage => stream.write_all(b"\x16\x03\x01 no http\r\n\r\n"),
    }
}

/// Promises the bytes from `start` on, and sends at most `count` of them.
fn send(mut stream: TcpStream, file: &[u8], start: usize, count: usize) -> std::io::Result<()> {
    let total = file.len();
    let head = if start == 0 {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\nConnection: close\r\n\r\n")
    } else {
        format!(
            "HTTP/1.1 206 X\r\nContent-Range: bytes {start}-{}/{total}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            total - 1,
            total - start
        )
    };
    stream.write_all(head.as_bytes())?;
    let end = total.min(start.saturating_add(count));
    stream.write_all(&file[start.min(end)..end])
}
