/**
 * What the sender of a message meant: JSON as it is, or as Base64. No page says which of them VOD writes, and clients of SMQ differ.
 * What is neither stays as it came.
 */
export function messageBody(text: string): Buffer {
  const raw = Buffer.from(text, 'utf8');
  if (isObject(text)) return raw;
  const packed = text.replace(/\s/g, '');
  if (packed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return raw;
  const unpacked = Buffer.from(packed, 'base64');
  return isObject(unpacked.toString('utf8')) ? unpacked : raw;
}

/** Seems to be a JSON object. */
function isObject(text: string): boolean {
  return text.trimStart().startsWith('{');
}
