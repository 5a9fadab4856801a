package dev.weftwork;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of docs/architecture.md: which package may use which, who starts threads, what core depends on. */
class ArchitectureTest {

    private static final JavaClasses CORE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.weftwork");

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("dev.weftwork..");

    @ParameterizedTest
    @CsvSource({
        "inventory, ''",
        "command, ''",
        "connector, inventory command",
        "session, command connector",
        "connector.local, inventory command connector session",
        "fact, inventory command",
        "operation, command fact",
        "operation.files, inventory command fact operation",
        "operation.users, command fact operation",
        "operation.shell, command fact operation",
        "report, inventory command operation",
        "deploy, inventory command connector fact operation report",
        "event, inventory command report",
        "engine, inventory command connector fact operation deploy report event",
        "listener, inventory command operation report event"
    })
    void aPackageUsesOnlyThoseBeforeIt(String name, String allowed) {
        var packages = new ArrayList<>(List.of("dev.weftwork." + name));
        for (String each : allowed.split(" ", -1)) {
            packages.add("dev.weftwork." + each);
        }

        classes()
                .that()
                .resideInAPackage("dev.weftwork." + name)
                .should()
                .onlyDependOnClassesThat(not(OURS).or(resideInAnyPackage(packages.toArray(String[]::new))))
                .check(CORE);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.weftwork.(**)").should().beFreeOfCycles().check(CORE);
    }

    @Test
    void coreDependsOnSlf4jAndJspecifyOnly() {
        classes()
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage("dev.weftwork..", "java..", "jdk.jfr..", "org.slf4j..", "org.jspecify.."))
                .check(CORE);
    }

    private static DescribedPredicate<JavaClass> classOrNestedIn(String name) {
        return nameMatching("dev\\.weftwork\\.listener\\." + name + "(\\$.*)?").forSubtype();
    }

    @Test
    void onlyTheEngineTheSessionsThePainterOfTheConsoleAndTheWriterOfLinesStartThreads() {
        noClasses()
                .that(not(resideInAnyPackage("dev.weftwork.engine", "dev.weftwork.session"))
                        .and(not(classOrNestedIn("ConsolePainter")))
                        .and(not(classOrNestedIn("LineWriter"))))
                .should()
                .callMethodWhere(target(owner(nameMatching("java\\.lang\\.Thread(\\$Builder.*)?")))
                        .and(target(nameMatching("start|startVirtualThread|ofVirtual|ofPlatform|unstarted|factory"))))
                .orShould()
                .callMethodWhere(target(owner(nameMatching("java\\.util\\.concurrent\\.Executors"))))
                .orShould()
                .callMethodWhere(target(nameMatching("(supply|run)Async")))
                .check(CORE);
    }

    @Test
    void onlyTheSessionsAndWhoAsksTheTerminalStartProcesses() {
        noClasses()
                .that(not(resideInAPackage("dev.weftwork.session")).and(not(classOrNestedIn("ConsoleTerminal"))))
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.lang\\.(Process|ProcessBuilder|ProcessHandle)")
                .orShould()
                .callMethod(Runtime.class, "exec", String[].class)
                .check(CORE);
    }

    /** On Java 21 to 23 a virtual thread that blocks in a synchronized method holds its carrier. */
    @Test
    void nothingIsSynchronized() {
        com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods()
                .should()
                .haveModifier(JavaModifier.SYNCHRONIZED)
                .check(CORE);
    }

    @Test
    void nothingPrintsButTheConsole() {
        noClasses()
                .that(not(classOrNestedIn("ConsoleProgress")))
                .should()
                .accessField(System.class, "out")
                .check(CORE);
        noClasses()
                .should()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(CORE);
    }

    @Test
    void noTypeIsStillLookingForItsJob() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Context")
                .orShould()
                .haveSimpleNameEndingWith("State")
                .orShould()
                .haveSimpleNameStartingWith("Abstract")
                .orShould()
                .haveSimpleNameStartingWith("Base")
                .check(CORE);
    }
}
