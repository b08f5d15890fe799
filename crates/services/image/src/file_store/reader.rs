//! Hands out the data of a file in large chunks, one chunk ahead of the connection.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::Stream;
use tokio::task::{JoinHandle, spawn_blocking};

/// So much is read at once, in bytes.
const CHUNK: u64 = 512 * 1024;

/// Part of a file: `length` bytes from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// The data as a stream; dropping it stops reading.
pub(crate) struct DataStream {
    source: Source,
}

enum Source {
    Idle(File, u64),
    Reading(JoinHandle<io::Result<Chunk>>),
    Ended,
}

struct Chunk {
    data: Bytes,
    file: File,
    /// Bytes still to come.
    rest: u64,
}

impl DataStream {
    pub(super) fn open(path: &Path, range: ByteRange) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Self { source: Source::Idle(file, range.length) })
    }
}

impl Stream for DataStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.source, Source::Ended) {
                Source::Ended | Source::Idle(_, 0) => return Poll::Ready(None),
                Source::Idle(file, rest) => self.source = read(file, rest),
                Source::Reading(mut reading) => match Pin::new(&mut reading).poll(cx) {
                    Poll::Pending => {
                        self.source = Source::Reading(reading);
                        return Poll::Pending;
                    }
                    Poll::Ready(result) => {
                        let chunk = result.unwrap_or_else(|error| Err(io::Error::other(error)));
                        return Poll::Ready(Some(chunk.map(|chunk| {
                            // The next chunk is read while this one is sent.
                            if chunk.rest > 0 {
                                self.source = read(chunk.file, chunk.rest);
                            }
                            chunk.data
                        })));
                    }
                },
            }
        }
    }
}

fn read(mut file: File, rest: u64) -> Source {
    Source::Reading(spawn_blocking(move || {
        let wanted = rest.min(CHUNK);
        let mut data = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
        let got = (&mut file).take(wanted).read_to_end(&mut data)? as u64;
        if got < wanted {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the file ends {} bytes early", rest - got),
            ));
        }
        Ok(Chunk { data: data.into(), file, rest: rest - got })
    }))
}
