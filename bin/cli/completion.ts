import { type CommandLine, type CommandShape, EXIT, optionsOf, UsageError } from './command-line.js';
import type { Terminal } from './terminal.js';

const SHELLS = ['bash', 'zsh'];

export const COMPLETION: CommandShape = {
  name: 'completion',
  summary: 'print what makes bash or zsh complete command lines of this tool',
  synopsis: 'SHELL [options]',
  about: `Prints the completion of commands and options for SHELL, which is bash or zsh. After -- it completes commands
of the shell, and then files.`,
  operands: ['SHELL'],
  isLocal: true,
  options: {},
  examples: [
    ['eval "$(cdk-lynk completion bash)"', 'in ~/.bashrc'],
    ['eval "$(cdk-lynk completion zsh)"', 'in ~/.zshrc, after compinit'],
  ],
};

export function completion(line: CommandLine, terminal: Terminal, shapes: readonly CommandShape[]): number {
  const [shell = ''] = line.operands;
  if (!SHELLS.includes(shell)) throw new UsageError(`SHELL is ${SHELLS.join(' or ')}, got "${shell}"`);
  // zsh has a part that understands completions for bash. So both complete alike.
  const before = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  terminal.print(before + scriptOf(shapes));
  return EXIT.ok;
}

function scriptOf(shapes: readonly CommandShape[]): string {
  const commands = shapes.map(({ name }) => name).join(' ');
  const cases = shapes.map((shape) => {
    const names = [shape.name, ...(shape.aliases ?? [])].join('|');
    return `    ${names}) words='${wordsOf(shape).join(' ')}' ;;`;
  });
  return `_cdk_lynk() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words='' index
  COMPREPLY=()
  for ((index = 2; index < COMP_CWORD; index++)); do
    if [[ "\${COMP_WORDS[index]}" == -- ]]; then
      if ((index == COMP_CWORD - 1)); then COMPREPLY=($(compgen -c -- "$word")); fi
      return
    fi
  done
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$previous" in
    ${withValues(shapes).join('|')}) return ;;
  esac
  if ((COMP_CWORD == 1)); then words='${commands} --help --version'; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _cdk_lynk cdk-lynk
`;
}

/** What may come after the command's name, but for names that only the user knows. */
function wordsOf(shape: CommandShape): readonly string[] {
  const options = Object.keys(optionsOf(shape)).map((name) => `--${name}`);
  if (shape.runsCommand) options.push('--');
  return shape.name === COMPLETION.name ? [...SHELLS, ...options] : options;
}

/** The options after which a value comes, as they are typed. */
function withValues(shapes: readonly CommandShape[]): readonly string[] {
  const all = shapes.flatMap((shape) => Object.entries(optionsOf(shape)));
  const spelled = all.flatMap(([name, { type, short }]) =>
    type === 'string' ? [`--${name}`, ...(short === undefined ? [] : [`-${short}`])] : [],
  );
  return [...new Set(spelled)];
}
