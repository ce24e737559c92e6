//! The other processes of a settling row: the PSP, played, and the merchant's endpoint. Each is a process of its own, so
//! that what it uses is not taken for the server's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use redress_sandbox::{Place, Sandbox, SandboxConfig, World};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::prepare::{CAPTURED_MINOR, psp_payment_id};
use crate::{Outcome, process, runtime};

/// So many payments are made known at once.
const ANNOUNCED_AT_ONCE: u32 = 16;

/// Plays the PSPs until it is ended. Their state is in memory: how a PSP keeps its own is not what is measured.
pub(crate) fn play() -> Outcome {
    runtime::one_thread()?.block_on(async {
        let sandbox = Sandbox::open(&Place::Memory, SandboxConfig::default(), World::real());
        let sandbox = sandbox.map_err(|error| error.to_string())?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
        println!("{}", listener.local_addr().map_err(|error| error.to_string())?);
        sandbox.serve(listener, std::future::pending()).await;
        Ok(())
    })
}

/// A process that says where it listens.
pub(crate) struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Peer {
    /// Starts this program in another role.
    pub(crate) fn start(role: &[&str]) -> Outcome<Self> {
        let said = |error: std::io::Error| format!("{role:?} cannot be started: {error}");
        let mut command = Command::new(std::env::current_exe().map_err(said)?);
        command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(said)?;
        let questions = child.stdin.take().ok_or("no way to the process")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no way from the process")?);
        let mut peer = Self { child, questions, answers, address: String::new() };
        peer.address = peer.line()?;
        Ok(peer)
    }

    /// How many notifications came.
    pub(crate) fn count(&mut self) -> Outcome<u64> {
        writeln!(self.questions).map_err(|error| format!("the sink is gone: {error}"))?;
        self.line()?.parse().map_err(|_| "the sink does not count".to_owned())
    }

    /// CPU time so far, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> Outcome<u64> {
        Ok(process::cpu_by_thread(self.child.id())?.values().sum())
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        match line.trim() {
            "" => Err("a process of the benchmark broke off".to_owned()),
            text => Ok(text.to_owned()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the payments known to the sandbox.
pub(crate) async fn announce(address: &str, payments: u32) -> Outcome {
    let callers = (0..ANNOUNCED_AT_ONCE).map(|first| {
        let address = address.to_owned();
        async move {
            let stream = TcpStream::connect(&address).await.map_err(|error| error.to_string())?;
            announce_some(stream, (first..payments).step_by(ANNOUNCED_AT_ONCE as usize)).await
        }
    });
    futures_util::future::try_join_all(callers).await.map(drop)
}

async fn announce_some(mut stream: TcpStream, numbers: impl Iterator<Item = u32>) -> Outcome {
    let fail = |error: std::io::Error| format!("the sandbox cannot be talked to: {error}");
    stream.set_nodelay(true).map_err(fail)?;
    let mut buffer = vec![0; 4 * 1024];
    for number in numbers {
        let body = json!({"psp": "momo", "payment": psp_payment_id(number), "currency": "VND",
            "amount_minor": CAPTURED_MINOR})
        .to_string();
        let length = body.len();
        let request = format!(
            "POST /control/payment HTTP/1.1\r\nhost: sandbox\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.map_err(fail)?;
        // Its answers are short and come whole.
        let read = stream.read(&mut buffer).await.map_err(fail)?;
        if !buffer[..read].starts_with(b"HTTP/1.1 200") {
            return Err(format!("the sandbox said {}", String::from_utf8_lossy(&buffer[..read])));
        }
    }
    Ok(())
}
