const dot = 0x2e;
const zero = 0x30;

/**
 * An IP address in the one spelling that Docket uses: IPv4 dotted; IPv6 in lower case as RFC 5952 has it, without
 * brackets or zone; an IPv4 address that is mapped into IPv6 (`::ffff:10.0.0.1`, as dual-stack sockets give it) as IPv4.
 * Undefined for anything else, such as a host name.
 */
export function canonicalIp(text: string): string | undefined {
  if (isDotted(text)) return text;
  const bytes = ipBytes(text);
  return bytes && formatIp(bytes);
}

/** The 4 or 16 bytes of an address, an IPv4 address mapped into IPv6 as 4; undefined for anything else. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (text.length > 64) return undefined;
  const bare = withoutBrackets(text).replace(/%.*$/s, '');
  return bare.includes(':') ? unmapped(ipv6Bytes(bare)) : ipv4Bytes(bare);
}

/** The text of 4 or 16 bytes in the spelling of `canonicalIp`. */
export function formatIp(bytes: Uint8Array): string {
  const plain = unmapped(bytes) ?? bytes;
  if (plain.length === 4) return plain.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((plain[2 * index] ?? 0) << 8) | (plain[2 * index + 1] ?? 0)).toString(16),
  );
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(':');
  const head = groups.slice(0, zeros.start).join(':');
  return `${head}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

/** The network of an address, /24 or in IPv6 /64, as a key; of a host name the name itself. */
export function networkOf(host: string): string {
  if (isDotted(host)) return host.slice(0, host.lastIndexOf('.'));
  const bytes = ipBytes(host);
  return bytes === undefined ? host : bytes.subarray(0, bytes.length === 4 ? 3 : 8).join('.');
}

/** True for the addresses that stand for all of a host's own. */
export function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** An IPv6 address without the brackets that it has in a URL; any other host as it is. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** True for an IPv4 address as it is spelt here; without a regular expression, since trackers look at so many. */
function isDotted(text: string): boolean {
  if (text.length > 15) return false;
  let parts = 0;
  let digits = 0;
  let value = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? dot : text.charCodeAt(at);
    if (code === dot) {
      if (digits === 0 || value > 255) return false;
      parts++;
      digits = 0;
      value = 0;
    } else {
      const digit = code - zero;
      if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false;
      value = 10 * value + digit;
      digits++;
    }
  }
  return parts === 4;
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  return isDotted(text) ? Uint8Array.from(text.split('.'), Number) : undefined;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  if (dotted !== null && dotted[2]?.includes('.') === true) {
    const tail = ipv4Bytes(dotted[2]);
    if (tail === undefined) return undefined;
    const hex = Buffer.from(tail).toString('hex');
    return ipv6Bytes(`${dotted[1]}${hex.slice(0, 4)}:${hex.slice(4)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return Uint8Array.from(
    groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]),
  );
}

function unmapped(bytes: Uint8Array | undefined): Uint8Array | undefined {
  const isMapped =
    bytes?.length === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff;
  return isMapped ? bytes.subarray(12) : bytes;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > longest.length) longest = { start, length };
  }
  return longest;
}
