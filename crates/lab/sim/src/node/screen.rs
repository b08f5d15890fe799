//! The screen of a simulated guest: a server of the RFB protocol (RFC 6143), versions 3.3 to 3.8, security type None, with a
//! small picture that changes with every key that is pressed.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The picture's width in pixels.
const WIDTH: u16 = 160;
/// The picture's height in pixels.
const HEIGHT: u16 = 100;
/// Every key pressed inverts the next cell of a grid of this size.
const CELL: u16 = 20;
/// Longest message of a client: its clipboard is thrown away.
const LONGEST: u32 = 1 << 20;

/// How a client wants its pixels (RFC 6143, 7.4), true colours only.
#[derive(Debug, Clone, Copy)]
struct PixelFormat {
    bits: u8,
    big_endian: bool,
    max: [u16; 3],
    shift: [u8; 3],
}

impl PixelFormat {
    /// 32 bits, little endian, 0x00RRGGBB.
    const OWN: Self = Self { bits: 32, big_endian: false, max: [255; 3], shift: [16, 8, 0] };

    fn write(self, out: &mut Vec<u8>) {
        out.extend([self.bits, 24, u8::from(self.big_endian), 1]);
        self.max.iter().for_each(|max| out.extend(max.to_be_bytes()));
        out.extend(self.shift);
        out.extend([0; 3]);
    }

    /// The 16 bytes of a format that a client sends.
    fn read(bytes: [u8; 16]) -> io::Result<Self> {
        let max = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let format = Self {
            bits: bytes[0],
            big_endian: bytes[2] != 0,
            max: [max(4), max(6), max(8)],
            shift: [bytes[10], bytes[11], bytes[12]],
        };
        let usable =
            [8, 16, 32].contains(&format.bits) && bytes[3] != 0 && format.shift.iter().all(|shift| *shift < 32);
        if usable { Ok(format) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "no such pixel format")) }
    }

    /// One pixel of that colour.
    fn encode(self, colour: [u8; 3], out: &mut Vec<u8>) {
        // Bits without a colour are set: noVNC 1.3 takes some of them for opacity.
        let unused = !(0..3).fold(0, |mask, part| mask | u32::from(self.max[part]) << self.shift[part]);
        let parts = colour.into_iter().zip(self.max).zip(self.shift);
        let pixel =
            parts.fold(unused, |pixel, ((part, max), shift)| pixel | (u32::from(part) * u32::from(max) / 255) << shift);
        let (little, big) = (pixel.to_le_bytes(), pixel.to_be_bytes());
        let bytes = usize::from(self.bits / 8);
        match self.big_endian {
            true => out.extend(&big[4 - bytes..]),
            false => out.extend(&little[..bytes]),
        }
    }
}

/// Serves one client until it hangs up.
pub(super) async fn serve(mut client: impl AsyncRead + AsyncWrite + Unpin, name: &str) -> io::Result<()> {
    shake_hands(&mut client, name).await?;
    let mut format = PixelFormat::OWN;
    let (mut keys, mut shown) = (0u32, None);
    // The part of the picture that the client waits for.
    let mut wanted: Option<[u16; 4]> = None;
    loop {
        match client.read_u8().await? {
            // SetPixelFormat
            0 => {
                let mut message = [0; 19];
                client.read_exact(&mut message).await?;
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&message[3..]);
                format = PixelFormat::read(bytes)?;
            }
            // SetEncodings: raw is always understood.
            2 => {
                client.read_u8().await?;
                let amount = client.read_u16().await?;
                skip(&mut client, u32::from(amount) * 4).await?;
            }
            // FramebufferUpdateRequest
            3 => {
                let incremental = client.read_u8().await? != 0;
                let mut area = [0; 4];
                for number in &mut area {
                    *number = client.read_u16().await?;
                }
                wanted = Some(area);
                shown = shown.filter(|_| incremental);
            }
            // KeyEvent
            4 => {
                let down = client.read_u8().await? != 0;
                skip(&mut client, 6).await?;
                keys += u32::from(down);
            }
            // PointerEvent
            5 => skip(&mut client, 5).await?,
            // ClientCutText
            6 => {
                skip(&mut client, 3).await?;
                let length = client.read_u32().await?;
                skip(&mut client, length).await?;
            }
            other => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("unknown message {other}"))),
        }
        if shown != Some(keys)
            && let Some(area) = wanted.take()
        {
            client.write_all(&update(area, keys, format)).await?;
            shown = Some(keys);
        }
    }
}

/// RFC 6143, 7.1 to 7.3.
async fn shake_hands(client: &mut (impl AsyncRead + AsyncWrite + Unpin), name: &str) -> io::Result<()> {
    client.write_all(b"RFB 003.008\n").await?;
    let mut version = [0; 12];
    client.read_exact(&mut version).await?;
    match &version {
        b"RFB 003.003\n" => client.write_u32(1).await?,
        b"RFB 003.007\n" | b"RFB 003.008\n" => {
            client.write_all(&[1, 1]).await?;
            let chosen = client.read_u8().await?;
            if chosen != 1 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, format!("unknown security type {chosen}")));
            }
            if version[10] == b'8' {
                client.write_u32(0).await?;
            }
        }
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown version of RFB")),
    }
    // ClientInit: whether the client shares the screen with others, which it always does here.
    client.read_u8().await?;
    let mut init = Vec::new();
    init.extend(WIDTH.to_be_bytes());
    init.extend(HEIGHT.to_be_bytes());
    PixelFormat::OWN.write(&mut init);
    init.extend(u32::try_from(name.len()).unwrap_or_default().to_be_bytes());
    init.extend(name.as_bytes());
    client.write_all(&init).await
}

async fn skip(client: &mut (impl AsyncRead + Unpin), bytes: u32) -> io::Result<()> {
    if bytes > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message of {bytes} bytes")));
    }
    let copied = tokio::io::copy(&mut client.take(u64::from(bytes)), &mut tokio::io::sink()).await?;
    if copied < u64::from(bytes) { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// A FramebufferUpdate with that part of the picture as raw pixels.
fn update([x, y, width, height]: [u16; 4], keys: u32, format: PixelFormat) -> Vec<u8> {
    let (x, y) = (x.min(WIDTH), y.min(HEIGHT));
    let (width, height) = (width.min(WIDTH - x), height.min(HEIGHT - y));
    let mut out = vec![0, 0, 0, 1];
    [x, y, width, height].iter().for_each(|number| out.extend(number.to_be_bytes()));
    out.extend(0u32.to_be_bytes());
    for row in y..y + height {
        for column in x..x + width {
            format.encode(colour(column, row, keys), &mut out);
        }
    }
    out
}

/// A gradient; as many cells as keys were pressed are inverted.
fn colour(x: u16, y: u16, keys: u32) -> [u8; 3] {
    let cells = u32::from(WIDTH / CELL) * u32::from(HEIGHT / CELL);
    let cell = u32::from(y / CELL) * u32::from(WIDTH / CELL) + u32::from(x / CELL);
    let presses = keys / cells + u32::from(cell < keys % cells);
    let part = |at: u16, most: u16| u8::try_from(u32::from(at) * 255 / u32::from(most)).unwrap_or(u8::MAX);
    let colour = [part(x, WIDTH), part(y, HEIGHT), 128];
    if presses % 2 == 1 { colour.map(|part| 255 - part) } else { colour }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shakes hands as version 3.8 and returns the connection and the screen's name.
    async fn connect() -> (tokio::io::DuplexStream, String) {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        tokio::spawn(async move { serve(server, "web").await });
        let mut version = [0; 12];
        client.read_exact(&mut version).await.unwrap();
        client.write_all(&version).await.unwrap();
        assert_eq!((client.read_u8().await.unwrap(), client.read_u8().await.unwrap()), (1, 1));
        client.write_u8(1).await.unwrap();
        assert_eq!(client.read_u32().await.unwrap(), 0);
        client.write_u8(1).await.unwrap();
        assert_eq!((client.read_u16().await.unwrap(), client.read_u16().await.unwrap()), (WIDTH, HEIGHT));
        let mut format = [0; 16];
        client.read_exact(&mut format).await.unwrap();
        let mut name = vec![0; client.read_u32().await.unwrap() as usize];
        client.read_exact(&mut name).await.unwrap();
        (client, String::from_utf8(name).unwrap())
    }

    async fn picture(client: &mut tokio::io::DuplexStream, bytes: usize) -> Vec<u8> {
        let mut head = [0; 16];
        client.read_exact(&mut head).await.unwrap();
        assert_eq!(&head[..4], [0, 0, 0, 1]);
        let mut pixels = vec![0; bytes];
        client.read_exact(&mut pixels).await.unwrap();
        pixels
    }

    #[tokio::test]
    async fn the_picture_is_sent_and_changes_with_keys() {
        let (mut client, name) = connect().await;
        assert_eq!(name, "web");
        let ask = |incremental: u8| [3, incremental, 0, 0, 0, 0, 0, 10, 0, 10];
        client.write_all(&ask(0)).await.unwrap();
        let first = picture(&mut client, 400).await;
        // Blue, green, red, unused: the picture's first pixel is (0, 0, 128).
        assert_eq!(&first[..4], [128, 0, 0, 255]);
        client.write_all(&ask(1)).await.unwrap();
        client.write_all(&[4, 1, 0, 0, 0, 0, 0, 0x61]).await.unwrap();
        let second = picture(&mut client, 400).await;
        assert_eq!(&second[..4], [127, 255, 255, 255], "the key inverted the first cell");
        // 16 bits, big endian, 5-6-5.
        client.write_all(&[0, 0, 0, 0, 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0]).await.unwrap();
        client.write_all(&ask(0)).await.unwrap();
        let third = picture(&mut client, 200).await;
        assert_eq!(u16::from_be_bytes([third[0], third[1]]), (31 << 11) | (63 << 5) | 15);
    }

    #[tokio::test]
    async fn what_is_no_message_ends_the_connection() {
        let (mut client, _) = connect().await;
        client.write_u8(99).await.unwrap();
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn old_clients_are_told_the_security_type() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        tokio::spawn(async move { serve(server, "web").await });
        let mut version = [0; 12];
        client.read_exact(&mut version).await.unwrap();
        client.write_all(b"RFB 003.003\n").await.unwrap();
        assert_eq!(client.read_u32().await.unwrap(), 1);
    }
}
