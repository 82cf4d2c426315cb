/** Whom an engine has banned, as far as its log tells. */
export class BanWatch {
  /** Addresses. */
  readonly banned = new Set<string>();

  heard(fields: object, message: string): void {
    if (!message.includes('is banned') || !('peer' in fields)) return;
    const { peer } = fields;
    if (typeof peer === 'object' && peer !== null && 'host' in peer)
      this.banned.add(String(peer.host));
  }
}
