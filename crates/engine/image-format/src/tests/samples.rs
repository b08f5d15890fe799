//! Small valid images of each format.

const MIB: usize = 1 << 20;

/// Writes `bytes` at `offset`, growing the image as needed.
pub(super) fn put(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if image.len() < offset + bytes.len() {
        image.resize(offset + bytes.len(), 0);
    }
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// 64 MiB disk, clusters of 64 KiB, version 3.
pub(super) fn qcow2() -> Vec<u8> {
    let mut image = vec![0; 4 * 65_536];
    put(&mut image, 0, b"QFI\xfb\x00\x00\x00\x03");
    put(&mut image, 20, &16_u32.to_be_bytes());
    put(&mut image, 24, &(64 * MIB as u64).to_be_bytes());
    put(&mut image, 100, &112_u32.to_be_bytes());
    image
}

/// A dynamic VHD of 64 MiB.
pub(super) fn vhd(kind: u32) -> Vec<u8> {
    let mut image = vhd_footer(64 * MIB as u64, kind);
    put(&mut image, 512, b"cxsparse");
    image.resize(4096, 0);
    image
}

pub(super) fn vhd_footer(size: u64, kind: u32) -> Vec<u8> {
    let mut footer = vec![0; 512];
    put(&mut footer, 0, b"conectix");
    put(&mut footer, 12, &0x0001_0000_u32.to_be_bytes());
    put(&mut footer, 40, &size.to_be_bytes());
    put(&mut footer, 48, &size.to_be_bytes());
    put(&mut footer, 60, &kind.to_be_bytes());
    let sum: u32 = footer.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut footer, 64, &(!sum).to_be_bytes());
    footer
}

/// A VHDX of 64 MiB with its metadata region at 2 MiB.
pub(super) fn vhdx(parameters: u32) -> Vec<u8> {
    let mut image = vec![0; 3 * MIB];
    put(&mut image, 0, b"vhdxfile");
    let table = 192 * 1024;
    put(&mut image, table, b"regi");
    put(&mut image, table + 8, &2_u32.to_le_bytes());
    // The block allocation table first, then the metadata.
    put(&mut image, table + 16, &guid("2DC27766-F623-4200-9D64-115E9BFD4A08"));
    put(&mut image, table + 48, &guid("8B7CA206-4790-4B9A-B8FE-575F050F886E"));
    put(&mut image, table + 64, &(2 * MIB as u64).to_le_bytes());
    let region = 2 * MIB;
    put(&mut image, region, b"metadata");
    put(&mut image, region + 10, &2_u16.to_le_bytes());
    put(&mut image, region + 32, &guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B"));
    put(&mut image, region + 48, &65_536_u32.to_le_bytes());
    put(&mut image, region + 64, &guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8"));
    put(&mut image, region + 80, &65_544_u32.to_le_bytes());
    put(&mut image, region + 65_540, &parameters.to_le_bytes());
    put(&mut image, region + 65_544, &(64 * MIB as u64).to_le_bytes());
    image
}

/// A GUID as Microsoft stores it: its first three groups are little-endian.
fn guid(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let raw: Vec<u8> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map(|at| raw[at]).to_vec()
}

pub(super) const DESCRIPTOR: &str = "# Disk DescriptorFile\nversion=1\nCID=7e4ab8f2\nparentCID=ffffffff\n\
    createType=\"monolithicSparse\"\n\n# Extent description\nRW 131072 SPARSE \"disk.vmdk\"\n\n# The Disk Data Base\n\
    #DDB\n\nddb.virtualHWVersion = \"4\"\nddb.adapterType = \"ide\"\n";

/// A sparse VMDK of 64 MiB with this descriptor.
pub(super) fn vmdk(descriptor: &str) -> Vec<u8> {
    let mut image = vmdk_header(0);
    put(&mut image, 512, descriptor.as_bytes());
    image.resize(65_536, 0);
    image
}

pub(super) fn vmdk_header(directory: u64) -> Vec<u8> {
    let mut header = vec![0; 512];
    put(&mut header, 0, b"KDMV\x01\x00\x00\x00");
    put(&mut header, 12, &131_072_u64.to_le_bytes());
    put(&mut header, 28, &1_u64.to_le_bytes());
    put(&mut header, 36, &20_u64.to_le_bytes());
    put(&mut header, 56, &directory.to_le_bytes());
    header
}

/// A stream-optimized VMDK: the directory stands at the end, told by a footer.
pub(super) fn vmdk_stream() -> Vec<u8> {
    let mut image = vmdk_header(u64::MAX);
    put(&mut image, 512, DESCRIPTOR.replace("monolithicSparse", "streamOptimized").as_bytes());
    image.resize(65_536, 0);
    let footer_marker = image.len();
    put(&mut image, footer_marker, &1_u64.to_le_bytes());
    put(&mut image, footer_marker + 12, &3_u32.to_le_bytes());
    put(&mut image, footer_marker + 512, &vmdk_header(21));
    put(&mut image, footer_marker + 1024, &[0; 512]);
    image
}

/// A dynamic VDI of 64 MiB.
pub(super) fn vdi() -> Vec<u8> {
    let mut image = vec![0; 4096];
    put(&mut image, 0, b"<<< Oracle VM VirtualBox Disk Image >>>\n");
    put(&mut image, 64, &0xbeda_107f_u32.to_le_bytes());
    put(&mut image, 76, &1_u32.to_le_bytes());
    put(&mut image, 368, &(64 * MIB as u64).to_le_bytes());
    image
}

/// An ISO of 100 blocks of 2 KiB.
pub(super) fn iso() -> Vec<u8> {
    let mut image = vec![0; 204_800];
    put(&mut image, 32_768, b"\x01CD001\x01");
    put(&mut image, 32_768 + 80, &100_u32.to_le_bytes());
    put(&mut image, 32_768 + 128, &2048_u16.to_le_bytes());
    image
}

/// A disk of 1 MiB with one Linux partition.
pub(super) fn mbr() -> Vec<u8> {
    let mut image = vec![0; MIB];
    put(&mut image, 446, &[0x80, 0x20, 0x21, 0x00, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]);
    put(&mut image, 510, &[0x55, 0xaa]);
    image
}

pub(super) fn luks(version: u16) -> Vec<u8> {
    let mut image = vec![0; 4 * MIB];
    put(&mut image, 0, b"LUKS\xba\xbe");
    put(&mut image, 6, &version.to_be_bytes());
    put(&mut image, 104, &4096_u32.to_be_bytes());
    image
}

pub(super) fn ploop() -> Vec<u8> {
    let mut image = vec![0; 4096];
    put(&mut image, 0, b"WithouFreSpacExt");
    put(&mut image, 36, &131_072_u64.to_le_bytes());
    image
}

pub(super) fn tar() -> Vec<u8> {
    let mut image = vec![0; 10_240];
    put(&mut image, 0, b"appliance.ovf");
    put(&mut image, 257, b"ustar\x0000");
    image
}
