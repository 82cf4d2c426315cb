import { createHmac } from 'node:crypto';

/**
 * The headers by which a receiver sees that a message is ours and is no old one: those of Standard Webhooks. The signature is
 * the HMAC-SHA-256 of `<id>.<seconds>.<body>`. The key is the secret's bytes, or what `whsec_<base64>` stands for.
 */
export function signatureHeaders(
  secret: string,
  message: { readonly id: string; readonly body: string; readonly seconds: number },
): Readonly<Record<string, string>> {
  const { id, body, seconds } = message;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : secret;
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}
