import { Argument, Command, type Option } from 'commander';

/**
 * A shell asks the program itself, so what it offers is what this version understands. The words come as arguments after
 * `--`, the last one is being typed.
 */
const scripts = {
  bash: `_vodai() {
  local IFS=$'\\n'
  COMPREPLY=($(vodai completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _vodai vodai
`,
  zsh: `#compdef vodai
_vodai() {
  local -a found
  found=(\${(f)"$(vodai completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -- $found; else _files; fi
}
compdef _vodai vodai
`,
  fish: `function __vodai
  set -l typed (commandline -opc)
  vodai completion words -- $typed[2..-1] (commandline -ct) 2>/dev/null
end
complete -c vodai -a '(__vodai)'
`,
};

export function completionCommand(program: Command): Command {
  const shells = Object.keys(scripts) as (keyof typeof scripts)[];
  return new Command('completion')
    .description('a script for your shell that completes commands, options and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells, 'words']))
    .argument('[words...]')
    .addHelpText(
      'after',
      `
It completes \`vodai\`, which has to be on the PATH: \`npm link\` in the folder of the project puts it there.

Examples:
  source <(vodai completion bash)                                  # in ~/.bashrc
  source <(vodai completion zsh)                                   # in ~/.zshrc, after compinit
  vodai completion fish > ~/.config/fish/completions/vodai.fish`,
    )
    .action((shell: keyof typeof scripts | 'words', words: string[]) => {
      process.stdout.write(
        shell === 'words'
          ? candidates(program, words)
              .map((word) => `${word}\n`)
              .join('')
          : scripts[shell],
      );
    });
}

/** What the last of the words may become. Nothing where the shell knows better: a file, an id. */
function candidates(program: Command, words: readonly string[]): string[] {
  const typed = words.at(-1) ?? '';
  let command = program;
  let valueOf: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (valueOf) valueOf = undefined;
    else if (word.startsWith('-')) valueOf = optionsOf(command).find((option) => takes(option, word));
    else command = command.commands.find((sub) => sub.name() === word) ?? command;
  }
  if (valueOf) return values(valueOf, typed);
  const offered = typed.startsWith('-')
    ? optionsOf(command).flatMap(({ long }) => long ?? [])
    : [...command.commands.map((sub) => sub.name()), ...command.registeredArguments.flatMap(shown)];
  return offered.filter((word) => word.startsWith(typed));
}

function optionsOf(command: Command): Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent ? [...own, ...optionsOf(command.parent)] : own;
}

function takes(option: Option, word: string): boolean {
  return option.required && (option.long === word || option.short === word);
}

/** After the last comma of a list. */
function values({ argChoices = [] }: Option, typed: string): string[] {
  const before = typed.slice(0, typed.lastIndexOf(',') + 1);
  return argChoices.map((choice) => before + choice).filter((word) => word.startsWith(typed));
}

function shown({ argChoices = [] }: Argument): string[] {
  return argChoices.filter((choice) => choice !== 'words');
}
