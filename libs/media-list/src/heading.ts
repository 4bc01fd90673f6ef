/** As people and consoles call it. VOD itself says MediaId and VideoId. */
const inEnglish = ['mediaid', 'videoid', 'vid'];
const inChinese = ['媒体id', '视频id', '音视频id', '媒资id', '音频id', '媒体编号', '视频编号'];
const known = new Set([...inEnglish, ...inChinese]);

/** A column of ids, whatever it is the id of: alone it can only be the media's. */
const whenAlone = new Set([...known, 'id', '编号']);

/** `Media ID`, `media_id` and `mediaId` are the same. */
export function normalized(heading: string): string {
  return heading
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_.-]/g, '');
}

export function isHeading(cell: string, alone = false): boolean {
  return (alone ? whenAlone : known).has(normalized(cell));
}
