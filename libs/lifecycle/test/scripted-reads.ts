import { answerJson, serveHttp, type Loopback } from '../../vod/test/loopback';

interface Listed {
  JobId: string;
  Status: string;
  Type?: string;
  MediaId?: string;
  Data?: unknown;
  Code?: string;
  Message?: string;
}

/** VOD as a script: what each operation answers. An answer of ListAIJob is the list, without the frame around it. */
export async function scriptedReads(answers: {
  list?: Listed[] | object;
  tag?: object;
  dna?: object;
  missing?: string[];
}): Promise<Loopback> {
  return serveHttp((response, { params }) => {
    const answer = (body: object) => answerJson({ RequestId: 'R', ...body })(response);
    switch (params['Action']) {
      case 'ListAIJob':
        return Array.isArray(answers.list)
          ? answer({ AIJobList: { AIJob: answers.list }, NonExistAIJobIds: { String: answers.missing ?? [] } })
          : answer(answers.list ?? {});
      case 'GetAIVideoTagResult':
        return answer(answers.tag ?? {});
      case 'GetMediaDNAResult':
        return answer(answers.dna ?? {});
      default:
        return answer({ Code: 'InvalidAction.NotFound' });
    }
  });
}

/** What VOD was asked. */
export const actions = (vod: Loopback) => vod.received.map(({ params }) => params['Action']);
