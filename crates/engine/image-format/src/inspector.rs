//! Collects what the parsers need while an image streams by.

use crate::{
    Inspection,
    inspection::{Found, View},
    iso, luks, mbr, ploop, qcow2, qed, tar, vdi, vhd, vhdx, vmdk,
};

/// The first bytes, which hold every header but one: VHDX ends its region table at 256 KiB.
const HEAD: usize = 256 * 1024;
/// VHDX's metadata region: its table of 64 KiB and the items right behind it.
const WINDOW: usize = 128 * 1024;
/// The last bytes: a VMDK footer between two markers, 512 bytes each; also a VHD footer.
const TAIL: usize = 1536;

/// The most that an [`Inspector`] keeps of an image, in bytes, however long that is.
pub const MAX_KEPT: usize = HEAD + WINDOW + TAIL;

/// Reads an image once, in chunks of any size, as it is uploaded or fetched.
#[derive(Debug, Default)]
pub struct Inspector {
    head: Vec<u8>,
    window: Option<Window>,
    tail: Vec<u8>,
    size: u64,
}

/// A part of the image that is known to matter only after its head was read.
#[derive(Debug)]
struct Window {
    start: u64,
    data: Vec<u8>,
}

impl Window {
    /// Takes over what `chunk`, which begins at `offset`, has of this part.
    fn feed(&mut self, offset: u64, chunk: &[u8]) {
        let next = self.start + self.data.len() as u64;
        let Ok(skip) = usize::try_from(next.saturating_sub(offset)) else { return };
        let room = WINDOW - self.data.len();
        if let Some(rest) = chunk.get(skip..) {
            self.data.extend(rest.iter().take(room));
        }
    }
}

impl Inspector {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next bytes of the image.
    pub fn feed(&mut self, chunk: &[u8]) {
        let offset = self.size;
        self.size = self.size.saturating_add(chunk.len() as u64);
        if self.head.len() < HEAD {
            let room = HEAD - self.head.len();
            self.head.extend(chunk.iter().take(room));
            if self.head.len() == HEAD {
                // Only beyond the head: what was not kept cannot be read again.
                let start = vhdx::metadata_offset(&self.head).filter(|start| *start >= HEAD as u64);
                self.window = start.map(|start| Window { start, data: Vec::new() });
            }
        }
        if let Some(window) = &mut self.window {
            window.feed(offset, chunk);
        }
        let keep = TAIL.saturating_sub(chunk.len()).min(self.tail.len());
        self.tail.drain(..self.tail.len() - keep);
        self.tail.extend(&chunk[chunk.len().saturating_sub(TAIL)..]);
    }

    /// Bytes seen so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes kept so far.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.head.len() + self.window.as_ref().map_or(0, |window| window.data.len()) + self.tail.len()
    }

    /// After the last byte: what the image is.
    pub fn finish(self) -> Inspection {
        let view = View {
            head: &self.head,
            window: self.window.as_ref().map_or(&[], |window| window.data.as_slice()),
            tail: &self.tail,
            size: self.size,
        };
        let probes: [fn(&View<'_>) -> Option<Found>; 11] = [
            qcow2::probe,
            qed::probe,
            vhd::probe,
            vhdx::probe,
            vmdk::probe,
            vdi::probe,
            luks::probe,
            ploop::probe,
            tar::probe,
            iso::probe,
            mbr::probe,
        ];
        let found = probes.iter().filter_map(|probe| probe(&view)).collect();
        Inspection::new(found, vhd::fixed_size(&view), self.size)
    }
}
