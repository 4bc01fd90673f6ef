/** Text of a signed URL, a form body or a header line: `Signature=…`, `AccessKeyId%3D…`, `authorization: Bearer …`. */
const parameter =
  /((?:signature|signaturenonce|accesskeyid|accesskeysecret|access_key_id|security-?token|credential|auth_key|password)(?:=|%3D))[^&\s"'\\<>,;]+/gi;
const header =
  /((?:authorization|x-vod-signature|x-acs-signature|x-acs-security-token)\s{0,4}[:=]\s{0,4})(?!\\?["'])[^\r\n"'\\,}]+/gi;
const bearer = /(\bBearer\s)[^\s"'\\,}]+/gi;
/** What a URL may be in. */
const word = /[^\s"'\\<>]+/g;

const secretNames =
  'authorization|x-vod-signature|x-acs-signature|x-acs-security-token|security_?token|accessKeyId|accessKeySecret|secret|password|apiKeys?|keys';
/** VOD's, with a capital: our own `signature: 'valid'` is a verdict and stays. */
const signatureName = 'Signature';

const secretMember = new RegExp(`^(?:${secretNames})$`, 'i');
const members = [...membersNamed(secretNames, 'gi'), ...membersNamed(signatureName, 'g')];

/** Members of an object in a text: JSON or Node's way to print one, and JSON within JSON, whose quotes have backslashes. */
function membersNamed(names: string, flags: string): RegExp[] {
  return [
    new RegExp(String.raw`(\b(?:${names})["']?\s{0,4}:\s{0,4}(["']))(?:(?!\2)[^\\]|\\.)*`, flags),
    new RegExp(String.raw`(\b(?:${names})\\{1,7}["']\s{0,4}:\s{0,4}\\{1,7}["'])(?:[^"'\\]|\\+(?![\\"']))*`, flags),
    new RegExp(String.raw`(\b(?:${names})(?:\\{0,7}["'])?\s{0,4}:\s{0,4})\[[^\]]*\]?`, flags),
  ];
}

/** Up to the last @: a password may hold one. */
function withoutUserInfo(url: string): string {
  const [start, end] = [url.indexOf('://'), url.lastIndexOf('@')];
  return start < 0 || end < start ? url : `${url.slice(0, start)}://***${url.slice(end)}`;
}

/** Takes out of a text whatever could sign or open something. */
export function withoutSecrets(text: string): string {
  return members
    .reduce((rest, member) => rest.replace(member, '$1***'), text)
    .replace(word, withoutUserInfo)
    .replace(parameter, '$1***')
    .replace(header, '$1***')
    .replace(bearer, '$1***');
}

/** Most lines name nothing of the kind and needn't be taken apart. */
const suspicious = /signature|authorization|key|token|secret|password|credential|bearer|:\/\//i;

/** The same for a finished line of JSON, whose strings and members are looked at one by one so that it stays JSON. */
export function lineWithoutSecrets(line: string): string {
  if (!suspicious.test(line)) return line;
  const scrubbed = JSON.stringify(JSON.parse(line), (name, value: unknown) => {
    if (secretMember.test(name) || name === signatureName) return '***';
    return typeof value === 'string' ? withoutSecrets(value) : value;
  });
  return `${scrubbed}\n`;
}
