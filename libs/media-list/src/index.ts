export { readMediaList, type MediaList, type MediaListOptions } from './media-list';
export { encodings, type Encoding } from './text';
export { inWords, type MediaListProblem } from './problems';
