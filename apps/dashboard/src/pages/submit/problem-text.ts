import { useTranslation } from 'react-i18next';
import type { MediaListProblem } from '@app/media-list';

const SHOWN = 6;
const LENGTH = 60;

/** Why a line of a list is refused, in the language of the page. */
export function useProblemText(): (problem: MediaListProblem) => string {
  const { t } = useTranslation(['submit', 'common']);
  const listed = (cells: string[]) =>
    [...cells.slice(0, SHOWN).map(shortened), ...(cells.length > SHOWN ? ['…'] : [])].join(t('common:listSeparator'));
  return (problem) => {
    switch (problem.problem) {
      case 'not_text':
        return t('problems.not_text', { encoding: problem.encoding.toUpperCase() });
      case 'quotes':
        return t('problems.quotes');
      case 'not_json':
        return t('problems.not_json', { column: shortened(problem.column ?? 'mediaId') });
      case 'no_heading':
        return t('problems.no_heading', { columns: problem.cells.length, got: listed(problem.cells) });
      case 'several_headings':
        return t('problems.several_headings', { got: listed(problem.headings) });
      case 'several_delimiters':
        return t('problems.several_delimiters', {
          got: problem.delimiters.map((one) => (one === '\t' ? t('problems.tab') : one)).join(' '),
        });
      case 'no_such_column':
        return t('problems.no_such_column', { column: shortened(problem.column), got: listed(problem.cells) });
      case 'cell_count':
        return t('problems.cell_count', { expected: problem.expected, got: problem.got });
      case 'not_an_id':
        return problem.got === '' ? t('problems.no_id') : t('problems.not_an_id', { got: shortened(problem.got) });
      case 'unlike_the_others':
      case 'not_of_vods':
        return t(`problems.${problem.problem}`, { got: shortened(problem.got) });
    }
  };
}

function shortened(text: string): string {
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
}
