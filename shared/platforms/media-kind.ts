/** What an attachment is (`image`, `audio`, `video`, `text`, `application`, …) out of its media type; `file` when none is given. */
export function kindOfMediaType(mediaType: string | undefined): string {
  return /^[a-z]+(?=\/)/i.exec(mediaType ?? '')?.[0].toLowerCase() ?? 'file';
}
