/** An http or https URL without user and password; undefined for any other text. */
export function parseWebUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  return isWeb && url.username === '' && url.password === '' ? url : undefined;
}
