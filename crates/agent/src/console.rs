//! Consoles: what guests printed, and connections to their screen and serial port.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use ferrostack_agent_api::{ByteStream, ConsoleKind};
use tokio::net::UnixStream;

use crate::{disk::InstanceFiles, error::NodeError};

/// The most that is given of a log, in bytes.
const MOST: u64 = 1 << 20;

/// The last `lines` lines; all that is kept, up to 1 MiB, when `None`.
pub(crate) async fn log(files: &InstanceFiles, lines: Option<usize>) -> Result<String, NodeError> {
    let path = files.console_log();
    let read = tokio::task::spawn_blocking({
        let path = path.clone();
        move || last_bytes(&path)
    });
    let bytes = read.await.unwrap_or_else(|failed| Err(io::Error::other(failed)));
    Ok(last_lines(&text(&bytes.map_err(NodeError::io(path))?), lines))
}

/// Connects to a console of a domain that is on.
pub(crate) async fn open(files: &InstanceFiles, kind: ConsoleKind) -> Result<Box<dyn ByteStream>, NodeError> {
    let socket = match kind {
        ConsoleKind::Vnc => files.vnc_socket(),
        ConsoleKind::Serial => files.serial_socket(),
    };
    let stream = UnixStream::connect(&socket).await.map_err(NodeError::io(socket))?;
    Ok(Box::new(stream))
}

/// The end of a log. virtlogd begins a new file at 2 MiB and gives the one before the suffix `.0`; right after that the
/// end of the old one is wanted too.
fn last_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = tail(path, MOST)?;
    let missing = MOST - bytes.len() as u64;
    if missing > 0 {
        let mut before = path.as_os_str().to_owned();
        before.push(".0");
        let mut older = tail(&PathBuf::from(before), missing)?;
        older.append(&mut bytes);
        bytes = older;
    }
    if bytes.len() as u64 == MOST {
        // The first line is cut.
        let end = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.drain(..end);
    }
    Ok(bytes)
}

fn tail(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = match File::open(path) {
        // Not started yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes as text; what is no UTF-8 is shown as `\xff`, so that nothing is lost.
fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

fn last_lines(text: &str, lines: Option<usize>) -> String {
    let Some(lines) = lines else { return text.to_owned() };
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_given_and_nothing_is_lost() {
        assert_eq!(text("grüße\n".as_bytes()), "grüße\n");
        assert_eq!(text(b"a\xff\xc3(b\xe2\x82"), "a\\xff\\xc3(b\\xe2\\x82");
        assert_eq!(last_lines("1\n2\n3\n", Some(2)), "2\n3");
        assert_eq!(last_lines("1\n2", Some(9)), "1\n2");
        assert_eq!(last_lines("1\n2", Some(0)), "");
        assert_eq!(last_lines("1\n2\n", None), "1\n2\n");
    }

    #[test]
    fn a_long_log_is_cut_at_a_line_and_goes_on_from_the_file_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.log");
        assert!(last_bytes(&path).unwrap().is_empty(), "not started yet");
        std::fs::write(folder.path().join("console.log.0"), "old\n".repeat(300_000)).unwrap();
        std::fs::write(&path, "new\n").unwrap();
        let read = last_bytes(&path).unwrap();
        assert!(read.len() as u64 <= MOST && read.len() as u64 > MOST - 8);
        assert!(read.starts_with(b"old\n") && read.ends_with(b"old\nnew\n"));
    }
}
