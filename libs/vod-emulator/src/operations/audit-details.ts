import { refusals } from '../refusals';
import { picturesOf, speechOf } from '../types/ai-media-audit';
import { type OperationOf, done, refuse, wholeNumber } from './service';

const PAGE = 20;

/** GetMediaAuditResultDetail: every picture in which something was found. */
export const auditDetails = paged('MediaAuditResultDetail', picturesOf, (total) => ({ Total: total }));

/** GetMediaAuditAudioResultDetail. Its page seems to have swapped the meanings of `Total` and `PageTotal`. */
export const auditSpeech = paged('MediaAuditAudioResultDetail', speechOf, (total, page) => ({
  PageTotal: page,
  Total: Math.max(1, Math.ceil(total / PAGE)),
}));

function paged(
  member: string,
  itemsOf: typeof picturesOf,
  counts: (total: number, page: number) => Record<string, number>,
): OperationOf {
  return (service, { region, parameters }) => {
    const page = wholeNumber(parameters.get('PageNo'), { min: 1, max: 10_000, otherwise: 1 });
    if (page === undefined) return refuse(refusals.invalidParameter('PageNo', 'It must be a whole number from 1 on.'));
    const mediaId = parameters.get('MediaId') ?? '';
    const job = service.jobs.latestSuccess(region, mediaId, 'AIMediaAudit');
    const items = job ? itemsOf(mediaId, job) : [];
    const List = items.slice((page - 1) * PAGE, page * PAGE);
    return done({ [member]: { ...counts(items.length, page), List } });
  };
}
