package dev.weftwork.operation.files;

import dev.weftwork.command.Command;
import dev.weftwork.command.Upload;
import dev.weftwork.fact.PathInfo;
import dev.weftwork.operation.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Owner, group and mode that something is to have; what is null stays as it is.
 *
 * @param mode four octal digits
 */
record Attributes(
        @Nullable String owner,
        @Nullable String group,
        @Nullable String mode) {

    static final Attributes UNCHANGED = new Attributes(null, null, null);

    private static final Pattern ACCOUNT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.@-]*\\$?");
    private static final Pattern MODE = Pattern.compile("0?[0-7]{3}|[0-7]{4}");

    Attributes withOwner(String name) {
        return new Attributes(requireAccount("owner", name), group, mode);
    }

    Attributes withGroup(String name) {
        return new Attributes(owner, requireAccount("group", name), mode);
    }

    Attributes withMode(String octal) {
        if (!MODE.matcher(octal).matches()) {
            throw new IllegalArgumentException(
                    "mode must be three or four octal digits such as 640, was '" + octal + "'");
        }
        return new Attributes(owner, group, "0".repeat(4 - octal.length()) + octal);
    }

    private static String requireAccount(String what, String name) {
        if (!ACCOUNT.matcher(name).matches()) {
            throw new IllegalArgumentException(what + " must be a number, or letters, digits, '_', '.', '@' and '-',"
                    + " beginning with a letter, a digit or '_', was '" + name + "'");
        }
        return name.matches("0+[0-9]+") ? Long.toString(Long.parseLong(name)) : name;
    }

    /** These, and for what isn't said those of a file that is there, by number. */
    Attributes orElse(PathInfo found) {
        return found.kind() == PathInfo.Kind.FILE
                ? new Attributes(
                        owner == null ? found.uid() : owner,
                        group == null ? found.gid() : group,
                        mode == null ? found.mode() : mode)
                : this;
    }

    /** What {@code chown} takes, or nothing. */
    String ownership() {
        return (owner == null ? "" : owner) + (group == null ? "" : ":" + group);
    }

    /** What {@code chmod} takes, or nothing. With five digits GNU's also takes setgid from a directory, others anyhow. */
    String modeOrNothing() {
        return mode == null ? "" : "0" + mode;
    }

    /** The command that gives a file this content, owner and mode. */
    Command uploaded(Upload.Content content, String path, String summary) {
        Upload upload = content.to(path).ownership(ownership());
        return (mode == null ? upload : upload.mode(modeOrNothing())).command().describedAs(summary);
    }

    /** For the summary of something new: {@code " (owner app, mode 0640)"}, or nothing. */
    String inBrackets() {
        var parts = new ArrayList<String>();
        if (owner != null) {
            parts.add("owner " + owner);
        }
        if (group != null) {
            parts.add("group " + group);
        }
        if (mode != null) {
            parts.add("mode " + mode);
        }
        return parts.isEmpty() ? "" : " (" + String.join(", ", parts) + ")";
    }

    boolean matches(PathInfo found) {
        return !differsInOwnership(found) && (mode == null || mode.equals(found.mode()));
    }

    private boolean differsInOwnership(PathInfo found) {
        return (owner != null && !owner.equals(found.owner()) && !owner.equals(found.uid()))
                || (group != null && !group.equals(found.group()) && !group.equals(found.gid()));
    }

    /** What must change on something that is there. The owner first: changing it may clear bits of the mode. */
    List<Change> changes(String path, PathInfo found) {
        var changes = new ArrayList<Change>();
        boolean ownership = differsInOwnership(found);
        if (ownership) {
            String from = found.owner() + ":" + found.group();
            String to = (owner == null ? found.owner() : owner) + ":" + (group == null ? found.group() : group);
            // chown takes setuid and setgid away; what isn't asked to change is given back.
            Command command = mode == null && hasSpecialBits(found.mode())
                    ? Command.script("chown \"$1\" \"$3\" && chmod \"$2\" \"$3\"", ownership(), found.mode(), path)
                            .inSessionShell()
                            .successCodes(0)
                    : Command.of("chown", ownership(), path).successCodes(0);
            changes.add(change("owner", path, from, to, command));
        }
        if (mode != null && (!mode.equals(found.mode()) || (ownership && hasSpecialBits(mode)))) {
            changes.add(change(
                    "mode",
                    path,
                    found.mode(),
                    mode,
                    Command.of("chmod", modeOrNothing(), path).successCodes(0)));
        }
        return changes;
    }

    private static boolean hasSpecialBits(String mode) {
        return !mode.startsWith("0");
    }

    private static Change change(String what, String path, String from, String to, Command command) {
        return new Change(what + " of " + path + " " + from + " -> " + to, command);
    }
}
