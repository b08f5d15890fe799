//! JSON-RPC messages in a stream of bytes (RFC 7047 section 4): one JSON object after the other, nothing between them, so
//! the end of a message is found by counting braces outside of texts.

use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::OvnError;

/// Largest message that a client accepts, in bytes: the initial contents of a large cloud fit well.
pub const MESSAGE_LIMIT: usize = 512 << 20;

const READ_SIZE: usize = 64 << 10;

/// Reads messages off a stream. Dropping a pending [`MessageReader::next`] loses nothing.
#[derive(Debug)]
pub struct MessageReader<R> {
    reader: R,
    limit: usize,
    buffer: Vec<u8>,
    // Where the message begins, and up to where it has been scanned.
    start: usize,
    scanned: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl<R: AsyncRead + Unpin> MessageReader<R> {
    /// Reads from `reader` messages of at most `limit` bytes.
    pub fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, buffer: Vec::new(), start: 0, scanned: 0, depth: 0, in_text: false, escaped: false }
    }

    /// The next message; `None` when the peer has closed the stream between two messages.
    ///
    /// # Errors
    /// When reading fails, a message is too large or no JSON, or the stream ends inside a message.
    pub async fn next(&mut self) -> Result<Option<Json>, OvnError> {
        loop {
            if let Some(end) = self.scan()? {
                let parsed = serde_json::from_slice(&self.buffer[self.start..end]).map_err(OvnError::MalformedJson)?;
                self.start = end;
                self.make_room();
                return Ok(Some(parsed));
            }
            if self.buffer.len() - self.start > self.limit {
                return Err(OvnError::MessageTooLarge { limit: self.limit });
            }
            self.make_room();
            self.buffer.reserve(READ_SIZE);
            if self.reader.read_buf(&mut self.buffer).await.map_err(OvnError::Read)? == 0 {
                if self.depth == 0 {
                    return Ok(None);
                }
                return Err(OvnError::ConnectionLost { reason: "the stream ended inside a message".into() });
            }
        }
    }

    /// Goes on to the end of the message, if it has arrived.
    fn scan(&mut self) -> Result<Option<usize>, OvnError> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            self.scanned += 1;
            if self.in_text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => self.in_text = true,
                _ if self.depth == 0 && byte.is_ascii_whitespace() => {
                    self.start = self.scanned;
                    continue;
                }
                _ => {}
            }
            if self.depth == 0 {
                if !matches!(byte, b'}' | b']') {
                    return Err(OvnError::protocol(
                        "message",
                        format!("begins with byte 0x{byte:02x} instead of a brace"),
                    ));
                }
                return Ok(Some(self.scanned));
            }
        }
        Ok(None)
    }

    /// Forgets what has been read; a buffer that a large message has grown is given back.
    fn make_room(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.buffer.shrink_to(READ_SIZE);
            self.scanned = 0;
            self.start = 0;
        } else if self.start > READ_SIZE {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn read_all(bytes: &[u8], limit: usize) -> (Vec<Json>, Result<(), OvnError>) {
        // A pipe of three bytes cuts the messages at every place.
        let (mut ours, theirs) = tokio::io::duplex(3);
        let bytes = bytes.to_vec();
        let writer = tokio::spawn(async move {
            let _ = ours.write_all(&bytes).await;
        });
        let mut reader = MessageReader::new(theirs, limit);
        let mut messages = Vec::new();
        let end = loop {
            match reader.next().await {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(reader);
        writer.await.unwrap();
        (messages, end)
    }

    #[tokio::test]
    async fn messages_are_cut_at_their_braces_and_not_at_those_in_texts() {
        let (messages, end) = read_all(br#"{"a":"}\"{"} {"b":[{}]}{"c":"\\"}"#, 1000).await;
        assert_eq!(messages, [json!({"a": "}\"{"}), json!({"b": [{}]}), json!({"c": "\\"})]);
        end.unwrap();
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_refused_before_it_is_whole() {
        let (messages, end) = read_all(format!(r#"{{}}{{"a":"{}"}}"#, "x".repeat(300)).as_bytes(), 100).await;
        assert_eq!(messages.len(), 1);
        assert!(matches!(end, Err(OvnError::MessageTooLarge { limit: 100 })));
    }

    #[tokio::test]
    async fn what_is_no_json_and_what_is_cut_short_are_errors() {
        assert!(matches!(read_all(b"GET / HTTP/1.1", 100).await.1, Err(OvnError::Protocol { .. })));
        assert!(matches!(read_all(br#"{"a" 1}"#, 100).await.1, Err(OvnError::MalformedJson(_))));
        assert!(matches!(read_all(br#"{"a":1"#, 100).await.1, Err(OvnError::ConnectionLost { .. })));
    }
}
