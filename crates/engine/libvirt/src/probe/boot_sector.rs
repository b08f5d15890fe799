//! A boot sector that does what every kernel does first, and tells how far it came.
//!
//! 512 bytes that a PC's firmware loads to 0x7c00 and jumps to. They go from real mode through protected mode to long
//! mode with paging, ask CPUID, compute in SSE registers, take two interrupts of the timer, and run a loop of a hundred
//! million rounds. A processor does the loop in 0.05 s and QEMU's translator in 0.2 s; a KVM that emulates instruction by
//! instruction would need minutes, if it had not already given up at the first SSE instruction. After each part a
//! letter goes to port 0xe9 (QEMU's `isa-debugcon`); in the end a number goes to port 0xf4 (`isa-debug-exit`), upon which
//! QEMU ends with the exit code `2 * number + 1`.
//!
//! Memory in use: 0x1000 page map, 0x2000 directory pointers, 0x3000 directory, 0x4000 interrupt table, stack below
//! 0x7c00, and the sector itself. Encodings are those of the Intel manual, volume 2.

/// QEMU's exit code when the sector is through: 0x2a was written to port 0xf4.
pub const EXIT_CODE: i32 = 0x2a * 2 + 1;

const ORIGIN: usize = 0x7c00;
const SIZE: usize = 512;

/// The letters, in order, and what was done when they appear.
const SIGNS: [(char, &str); 8] = [
    ('R', "real mode"),
    ('P', "protected mode"),
    ('L', "long mode with paging"),
    ('C', "CPUID"),
    ('S', "SSE"),
    ('T', "timer interrupts"),
    ('D', "a hundred million rounds"),
    ('F', "a wrong result"),
];

/// Some instructions, and the address of the first.
struct Group {
    at: usize,
    bytes: &'static [u8],
}

const fn group(at: usize, bytes: &'static [u8]) -> Group {
    Group { at, bytes }
}

#[rustfmt::skip]
const GROUPS: [Group; 22] = [
    // 16 bits. No interrupts; all data segments and the stack start at address 0; string instructions go up.
    group(0x7c00, &[
        0xfa,                               // cli
        0x31, 0xc0,                         // xor ax, ax
        0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, // mov ds, ax; mov es, ax; mov ss, ax
        0xbc, 0x00, 0x7c,                   // mov sp, 0x7c00
        0xfc,                               // cld
    ]),
    group(0x7c0d, &[0xb0, b'R', 0xe6, 0xe9]), // mov al, 'R'; out 0xe9, al
    // Address line 20 by the "fast A20" bit of port 0x92: without it every odd megabyte is the even one below.
    group(0x7c11, &[0xe4, 0x92, 0x0c, 0x02, 0xe6, 0x92]), // in al, 0x92; or al, 2; out 0x92, al
    // Zeroes from 0x1000 to 0x5000: the tables.
    group(0x7c17, &[
        0x31, 0xc0,       // xor ax, ax
        0xbf, 0x00, 0x10, // mov di, 0x1000
        0xb9, 0x00, 0x20, // mov cx, 0x2000
        0xf3, 0xab,       // rep stosw
    ]),
    // The first 2 MiB are mapped to themselves: each entry present and writable, the last one a large page.
    group(0x7c21, &[
        0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, // mov word [0x1000], 0x2003
        0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, // mov word [0x2000], 0x3003
        0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, // mov word [0x3000], 0x0083
    ]),
    // The gate of interrupt 0x20 at 0x4000 + 0x20 * 16: offset 0x7d21, code segment 0x18, present interrupt gate.
    group(0x7c33, &[
        0xc7, 0x06, 0x00, 0x42, 0x21, 0x7d, // mov word [0x4200], 0x7d21
        0xc7, 0x06, 0x02, 0x42, 0x18, 0x00, // mov word [0x4202], 0x0018
        0xc7, 0x06, 0x04, 0x42, 0x00, 0x8e, // mov word [0x4204], 0x8e00
    ]),
    // To protected mode: the segment table, bit 0 of CR0, and a jump that loads the 32-bit code segment.
    group(0x7c45, &[
        0x0f, 0x01, 0x16, 0x50, 0x7d,                   // lgdt [0x7d50]
        0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, // mov eax, cr0; or al, 1; mov cr0, eax
        0xea, 0x57, 0x7c, 0x08, 0x00,                   // jmp 0x08:0x7c57
    ]),
    // 32 bits. Data segments that reach everywhere.
    group(0x7c57, &[
        0x66, 0xb8, 0x10, 0x00,             // mov ax, 0x10
        0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, // mov ds, ax; mov es, ax; mov ss, ax
        0xbc, 0x00, 0x7c, 0x00, 0x00,       // mov esp, 0x7c00
    ]),
    group(0x7c66, &[0xb0, b'P', 0xe6, 0xe9]), // mov al, 'P'; out 0xe9, al
    // CR4: physical address extension (0x20), SSE and its exceptions (0x200, 0x400). CR3: the page map.
    group(0x7c6a, &[
        0x0f, 0x20, 0xe0,             // mov eax, cr4
        0x0d, 0x20, 0x06, 0x00, 0x00, // or eax, 0x620
        0x0f, 0x22, 0xe0,             // mov cr4, eax
        0xb8, 0x00, 0x10, 0x00, 0x00, // mov eax, 0x1000
        0x0f, 0x22, 0xd8,             // mov cr3, eax
    ]),
    // Register EFER (0xc0000080), bit 8: long mode once paging is on.
    group(0x7c7d, &[
        0xb9, 0x80, 0x00, 0x00, 0xc0, // mov ecx, 0xc0000080
        0x0f, 0x32,                   // rdmsr
        0x80, 0xcc, 0x01,             // or ah, 1
        0x0f, 0x30,                   // wrmsr
    ]),
    // CR0: no emulation of the coprocessor, monitor it, paging on. The jump loads the 64-bit code segment.
    group(0x7c89, &[
        0x0f, 0x20, 0xc0,                         // mov eax, cr0
        0x24, 0xfb,                               // and al, 0xfb
        0x0d, 0x02, 0x00, 0x00, 0x80,             // or eax, 0x80000002
        0x0f, 0x22, 0xc0,                         // mov cr0, eax
        0xea, 0x9d, 0x7c, 0x00, 0x00, 0x18, 0x00, // jmp 0x18:0x7c9d
    ]),
    // 64 bits.
    group(0x7c9d, &[0xb0, b'L', 0xe6, 0xe9]), // mov al, 'L'; out 0xe9, al
    // CPUID leaf 0 names the highest leaf: none is zero.
    group(0x7ca1, &[
        0x31, 0xc0, 0x0f, 0xa2, // xor eax, eax; cpuid
        0x85, 0xc0, 0x74, 0x6d, // test eax, eax; jz 0x7d16
        0xb0, b'C', 0xe6, 0xe9, // mov al, 'C'; out 0xe9, al
    ]),
    // Integers: 7 + 7 = 14.
    group(0x7cad, &[
        0xb8, 0x07, 0x00, 0x00, 0x00, // mov eax, 7
        0x66, 0x0f, 0x6e, 0xc0,       // movd xmm0, eax
        0x66, 0x0f, 0xfe, 0xc0,       // paddd xmm0, xmm0
        0x66, 0x0f, 0x7e, 0xc2,       // movd edx, xmm0
        0x83, 0xfa, 0x0e, 0x75, 0x53, // cmp edx, 14; jne 0x7d16
    ]),
    // Floating point: the root of 7 * 7.
    group(0x7cc3, &[
        0xf2, 0x0f, 0x2a, 0xc8, // cvtsi2sd xmm1, eax
        0xf2, 0x0f, 0x59, 0xc9, // mulsd xmm1, xmm1
        0xf2, 0x0f, 0x51, 0xc9, // sqrtsd xmm1, xmm1
        0xf2, 0x0f, 0x2c, 0xd1, // cvttsd2si edx, xmm1
        0x39, 0xc2, 0x75, 0x3f, // cmp edx, eax; jne 0x7d16
        0xb0, b'S', 0xe6, 0xe9, // mov al, 'S'; out 0xe9, al
    ]),
    // The interrupt table; the interrupt controller is set to send the timer as 0x20 and nothing else.
    group(0x7cdb, &[
        0x0f, 0x01, 0x1c, 0x25, 0x56, 0x7d, 0x00, 0x00, // lidt [0x7d56]
        0xb0, 0x11, 0xe6, 0x20,                         // mov al, 0x11; out 0x20, al: initialize
        0xb0, 0x20, 0xe6, 0x21,                         // mov al, 0x20; out 0x21, al: interrupts from 0x20 on
        0xb0, 0x04, 0xe6, 0x21,                         // mov al, 4; out 0x21, al: the second controller is at line 2
        0xb0, 0x01, 0xe6, 0x21,                         // mov al, 1; out 0x21, al: 8086 mode
        0xb0, 0xfe, 0xe6, 0x21,                         // mov al, 0xfe; out 0x21, al: all masked but line 0
    ]),
    // Halts until the timer, which the firmware left at 18 Hz, has come twice.
    group(0x7cf7, &[
        0x31, 0xdb,                   // xor ebx, ebx
        0xfb, 0xf4,                   // sti; hlt
        0x83, 0xfb, 0x02, 0x72, 0xf9, // cmp ebx, 2; jb 0x7cf9
        0xfa,                         // cli
        0xb0, b'T', 0xe6, 0xe9,       // mov al, 'T'; out 0xe9, al
    ]),
    // A hundred million rounds; then the end: QEMU exits at the last instruction.
    group(0x7d05, &[
        0xb9, 0x00, 0xe1, 0xf5, 0x05, // mov ecx, 100000000
        0xff, 0xc9, 0x75, 0xfc,       // dec ecx; jnz 0x7d0a
        0xb0, b'D', 0xe6, 0xe9,       // mov al, 'D'; out 0xe9, al
        0xb0, 0x2a, 0xe6, 0xf4,       // mov al, 0x2a; out 0xf4, al
    ]),
    // A wrong result: QEMU exits with code 3.
    group(0x7d16, &[
        0xb0, b'F', 0xe6, 0xe9, // mov al, 'F'; out 0xe9, al
        0xb0, 0x01, 0xe6, 0xf4, // mov al, 1; out 0xf4, al
        0xf4, 0xeb, 0xfd,       // hlt; jmp 0x7d1e
    ]),
    // The timer's interrupt: counts, and tells the controller that it was taken.
    group(0x7d21, &[
        0xff, 0xc3,             // inc ebx
        0xb0, 0x20, 0xe6, 0x20, // mov al, 0x20; out 0x20, al
        0x48, 0xcf,             // iretq
    ]),
    // Segments: none, 32-bit code (0x08), data (0x10), 64-bit code (0x18); where they are; where the interrupt table is.
    group(0x7d30, &[
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00,
        0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0xcf, 0x00,
        0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xaf, 0x00,
        0x1f, 0x00, 0x30, 0x7d, 0x00, 0x00, // 0x7d50: 32 bytes at 0x7d30
        0x0f, 0x02, 0x00, 0x40, 0x00, 0x00, // 0x7d56: 0x210 bytes at 0x4000
        0x00, 0x00, 0x00, 0x00,             // the upper half of that address in 64 bits
    ]),
];

/// The sector.
pub fn image() -> [u8; SIZE] {
    let mut image = [0; SIZE];
    for Group { at, bytes } in &GROUPS {
        image[at - ORIGIN..at - ORIGIN + bytes.len()].copy_from_slice(bytes);
    }
    // What the firmware knows a boot sector by.
    image[SIZE - 2..].copy_from_slice(&[0x55, 0xaa]);
    image
}

/// What was done, by the letters that came out.
pub(super) fn reached(letters: &str) -> String {
    let done: Vec<&str> = SIGNS.iter().filter(|(sign, _)| letters.contains(*sign)).map(|(_, what)| *what).collect();
    if done.is_empty() { "nothing (the firmware did not get to the boot sector)".to_owned() } else { done.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_follow_one_another_without_overlap() {
        for pair in GROUPS.windows(2) {
            assert!(pair[0].at + pair[0].bytes.len() <= pair[1].at, "{:#x} runs into {:#x}", pair[0].at, pair[1].at);
        }
        // code is without holes: execution runs from one group into the next
        let code = &GROUPS[..GROUPS.len() - 1];
        for pair in code.windows(2) {
            assert_eq!(pair[0].at + pair[0].bytes.len(), pair[1].at);
        }
        let last = &GROUPS[GROUPS.len() - 1];
        assert!(last.at + last.bytes.len() <= ORIGIN + SIZE - 2);
    }

    #[test]
    fn firmware_takes_it_for_a_boot_sector() {
        let image = image();
        assert_eq!(image[..2], [0xfa, 0x31]);
        assert_eq!(image[510..], [0x55, 0xaa]);
    }

    #[test]
    fn letters_are_told_in_words() {
        assert_eq!(reached("RPLC"), "real mode, protected mode, long mode with paging, CPUID");
        assert!(reached("").starts_with("nothing"));
    }
}
