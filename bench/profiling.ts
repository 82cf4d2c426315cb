/** What makes Node write a CPU profile into a folder; nothing where there is none. */
export function profiling(folder: string | undefined, name: string): readonly string[] {
  return folder === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** The same for a program whose command is not ours: what is added to its environment. */
export function profilingEnvironment(
  folder: string | undefined,
  name: string,
): Readonly<Record<string, string>> {
  return folder === undefined ? {} : { NODE_OPTIONS: profiling(folder, name).join(' ') };
}
