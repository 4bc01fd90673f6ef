/** Of Alibaba Cloud's queues the address that VOD wants (docs/vod.md, "Events"): the public one, whichever their reader uses. */
export function publicAddress(endpoint: string): string {
  const [, account, region] =
    /^https?:\/\/(\d+)\.mns\.([a-z\d-]+?)(?:-internal(?:-vpc)?)?\.aliyuncs\.com\/*$/i.exec(endpoint) ?? [];
  return account === undefined ? endpoint : `http://${account}.mns.${region}.aliyuncs.com/`;
}
